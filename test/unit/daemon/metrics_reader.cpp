#include "test/unit/daemon/metrics_reader.hpp"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <set>
#include <stdexcept>

namespace dts::test {

namespace {

bool is_name(std::string_view name, bool is_label) {
    if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
    for (const char c : name) {
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        if (!letter && !(c >= '0' && c <= '9') && (is_label || c != ':')) return false;
    }
    return true;
}

class Reader {
  public:
    explicit Reader(std::string_view text) : text_(text) {}

    Metrics read() {
        if (text_.empty() || text_.back() != '\n') fail("the last line has no end");
        while (!text_.empty()) {
            const auto end = text_.find('\n');
            line_ = text_.substr(0, end);
            text_.remove_prefix(end + 1);
            if (line_.starts_with("# HELP ")) {
                help(line_.substr(7));
            } else if (line_.starts_with("# TYPE ")) {
                type(line_.substr(7));
            } else {
                sample();
            }
        }
        for (const auto& [name, family] : metrics_) check(name, family);
        return std::move(metrics_);
    }

  private:
    [[noreturn]] void fail(std::string_view what) const {
        throw std::runtime_error(fmt::format("{}: {}", what, line_));
    }
    void require(bool holds, std::string_view what) const {
        if (!holds) fail(what);
    }

    void help(std::string_view rest) {
        const auto space = rest.find(' ');
        require(space != std::string_view::npos && space + 1 < rest.size(), "HELP without a text");
        current_ = rest.substr(0, space);
        require(is_name(current_, false), "no metric name");
        require(!metrics_.contains(current_), "a family stands in two places");
        metrics_[current_].help = rest.substr(space + 1);
    }

    void type(std::string_view rest) {
        const auto space = rest.find(' ');
        require(rest.substr(0, space) == current_, "TYPE of another metric than HELP");
        MetricFamily& family = metrics_[current_];
        require(family.type.empty() && family.samples.empty(), "TYPE twice or too late");
        family.type = space == std::string_view::npos ? "" : rest.substr(space + 1);
        require(family.type == "counter" || family.type == "gauge" || family.type == "histogram",
                "unknown type");
    }

    void sample() {
        MetricSample sample;
        std::string_view rest = line_;
        const auto name_end = rest.find_first_of("{ ");
        require(name_end != std::string_view::npos, "no sample");
        sample.name = rest.substr(0, name_end);
        require(is_name(sample.name, false), "no metric name");
        MetricFamily& family = metrics_[current_];
        require(!family.type.empty(), "a sample without TYPE");
        bool belongs = sample.name == current_;
        if (family.type == "histogram") {
            belongs = false;
            for (const std::string_view suffix : {"_bucket", "_sum", "_count"}) {
                belongs = belongs || sample.name == current_ + std::string(suffix);
            }
        }
        require(belongs, "a sample among those of another metric");
        rest.remove_prefix(name_end);
        if (rest.starts_with('{')) labels(rest, sample);
        require(rest.starts_with(' '), "no space before the value");
        sample.value = value(rest.substr(1));
        require(seen_.insert({sample.name, sample.labels}).second, "the same sample twice");
        family.samples.push_back(std::move(sample));
    }

    void labels(std::string_view& rest, MetricSample& sample) const {
        rest.remove_prefix(1);
        while (!rest.starts_with('}')) {
            const auto equals = rest.find("=\"");
            require(equals != std::string_view::npos, "a label without a value");
            const std::string name(rest.substr(0, equals));
            require(is_name(name, true), "no label name");
            rest.remove_prefix(equals + 2);
            std::string text;
            while (!rest.starts_with('"')) {
                require(!rest.empty(), "a label value without an end");
                if (rest[0] == '\\') {
                    require(rest.size() > 1, "half an escape");
                    require(rest[1] == '\\' || rest[1] == '"' || rest[1] == 'n', "unknown escape");
                    text += rest[1] == 'n' ? '\n' : rest[1];
                    rest.remove_prefix(2);
                } else {
                    text += rest[0];
                    rest.remove_prefix(1);
                }
            }
            require(sample.labels.emplace(name, text).second, "a label twice");
            rest.remove_prefix(1);
            if (rest.starts_with(',')) {
                rest.remove_prefix(1);
            } else {
                require(rest.starts_with('}'), "no comma between labels");
            }
        }
        rest.remove_prefix(1);
    }

    double value(std::string_view text) const {
        if (text == "+Inf") return std::numeric_limits<double>::infinity();
        std::size_t used = 0;
        double number = 0;
        try {
            number = std::stod(std::string(text), &used);
        } catch (const std::exception&) {
            fail("no number");
        }
        require(used == text.size() && !text.empty() && text[0] != ' ', "no number");
        return number;
    }

    void check(const std::string& name, const MetricFamily& family) {
        line_ = name;
        require(name.ends_with("_total") == (family.type == "counter"),
                "counters, and only they, end in _total");
        require(family.help.ends_with('.'), "a help is a sentence");
        if (family.type == "histogram") check_histogram(family);
    }

    /// Buckets grow, the last is +Inf and equals the count; each series has a sum.
    void check_histogram(const MetricFamily& family) const {
        struct Series {
            double bound = -1, count = 0, total = -1;
            bool sum = false;
        };
        std::map<std::string, Series> all;
        for (const MetricSample& sample : family.samples) {
            Series& series = all[sample.labels.at("task")];
            if (sample.name.ends_with("_bucket")) {
                const double bound = value(sample.labels.at("le"));
                require(bound > series.bound && sample.value >= series.count,
                        "buckets must grow in bound and count");
                series.bound = bound;
                series.count = sample.value;
            } else if (sample.name.ends_with("_sum")) {
                series.sum = true;
            } else {
                series.total = sample.value;
            }
        }
        for (const auto& [task, series] : all) {
            require(std::isinf(series.bound), "the last bucket is +Inf");
            require(series.count == series.total && series.sum,
                    "the last bucket is the count, and there is a sum");
        }
    }

    std::string_view text_;
    std::string_view line_;
    std::string current_;
    Metrics metrics_;
    std::set<std::pair<std::string, std::map<std::string, std::string>>> seen_;
};

}  // namespace

Metrics read_metrics(std::string_view text) {
    return Reader(text).read();
}

}  // namespace dts::test
