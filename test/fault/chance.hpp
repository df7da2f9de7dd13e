// What a fault test leaves to chance, from one seed that is printed: DTS_TEST_SEED repeats a run
// (as far as the servers' own timing allows), DTS_TEST_LONG asks for the long form.
#pragma once

#include <chrono>
#include <cstdint>
#include <random>
#include <string_view>

namespace dts::test {

/// DTS_TEST_LONG is set: many more faults, much more data.
bool is_long_form();

/// `small` in the short form, `large` in the long one.
template <typename Number>
Number by_form(Number small, Number large) {
    return is_long_form() ? large : small;
}

/// One thread each.
class Chance {
  public:
    /// Of the run: DTS_TEST_SEED or a fresh one. Prints it, with what it is for.
    explicit Chance(std::string_view test);
    /// The short form always has this seed: it says what has broken, the long one looks for more.
    Chance(std::string_view test, std::uint32_t short_form_seed);
    /// Another sequence of the same seed, for a thread of its own.
    Chance(const Chance& other, unsigned number)
        : seed_(other.seed_), random_(static_cast<std::uint64_t>(seed_) * 1000 + number) {}

    std::uint32_t seed() const noexcept { return seed_; }
    /// From `least` to `most`, both included.
    int between(int least, int most) {
        return std::uniform_int_distribution<int>(least, most)(random_);
    }
    bool one_in(int n) { return between(1, n) == 1; }
    std::chrono::milliseconds moment(std::chrono::milliseconds most) {
        return std::chrono::milliseconds(between(0, static_cast<int>(most.count())));
    }

  private:
    Chance(std::uint32_t seed, std::string_view test);

    std::uint32_t seed_;
    std::mt19937_64 random_;
};

}  // namespace dts::test
