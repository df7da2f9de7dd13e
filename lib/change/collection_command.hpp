// A change of a collection itself, as MongoDB's sources tell of it and its sink executes it. It is
// no part of a transaction there: it travels in a batch of its own, is applied by itself, and may
// be applied again after a crash.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace dts {

struct CollectionCommand {
    enum class Kind : std::uint8_t {
        create,
        drop,
        rename,
        create_indexes,
        drop_indexes,
        modify,  ///< collMod
    };
    Kind kind;
    std::string database{}, collection{};
    std::string to_database{}, to_collection{};  ///< rename
    bool drops_target = false;                   ///< rename: a collection of the new name gives way
    /// BSON. create: its options; create_indexes: an array of their specifications; drop_indexes:
    /// an array of their names; modify: its fields.
    std::string body{};

    /// As the server's command is called.
    const char* name() const noexcept {
        constexpr const char* names[] = {"create",        "drop",        "renameCollection",
                                         "createIndexes", "dropIndexes", "collMod"};
        return names[static_cast<unsigned>(kind)];
    }
    /// Is something gone after it that was there before?
    bool takes_away() const noexcept {
        return kind != Kind::create && kind != Kind::create_indexes;
    }
};

using CollectionCommandPtr = std::shared_ptr<const CollectionCommand>;

/// Which of them are applied.
class CollectionCommandKinds {
  public:
    void add(CollectionCommand::Kind kind) noexcept { bits_ |= 1U << static_cast<unsigned>(kind); }
    bool has(CollectionCommand::Kind kind) const noexcept {
        return (bits_ >> static_cast<unsigned>(kind) & 1U) != 0;
    }
    bool none() const noexcept { return bits_ == 0; }

  private:
    unsigned bits_ = 0;
};

}  // namespace dts
