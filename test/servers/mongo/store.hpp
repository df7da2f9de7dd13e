// Databases and collections in memory. All that changes them is a mutation, a BSON document that
// the journal holds as well: playing the journal makes the same store again.
//
//   {k: "create", ns, uuid, type, options}   {k: "drop", ns}      {k: "rename", ns, to}
//   {k: "put", ns, d}                         {k: "remove", ns, id}
//   {k: "index", ns, spec}                    {k: "dropIndex", ns, name}
//   {k: "modify", ns, o}
//
// While transactions are open, what they may still read is kept behind what replaced it.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "test/servers/mongo/value.hpp"

namespace standin {

/// The bytes of a document that is stored; shared with whoever reads it.
using Raw = std::shared_ptr<const std::string>;

inline Value parsed(const Raw& raw) {
    return Value::document(*raw);
}
Raw raw_of(const Value& document);

struct Record {
    Raw document;
    Timestamp modified;
    std::uint64_t order = 0;  ///< the natural order: that of insertion
};

/// What a key held from one time to another; no document: nothing.
struct Version {
    Timestamp since, until;
    Raw document;
};

struct Index {
    Value spec;
    bool unique = false;
    /// The values of its fields, for those documents that are in it; to the key of the document.
    std::map<std::string, std::string> entries;
};

class Collection {
  public:
    std::string name;  ///< "db.collection"
    Value uuid;
    std::string type;  ///< "collection", "timeseries", "view"
    Value options;

    const Record* find(const std::string& key) const;
    /// As it was at a time; nothing where it was not there.
    Raw find_at(const std::string& key, Timestamp snapshot) const;
    std::size_t size() const { return records_.size(); }
    /// In natural order; ends when the visitor says false.
    void scan(const std::function<bool(const std::string&, const Record&)>& visitor) const;
    const std::map<std::string, Record>& records() const { return records_; }
    const std::multimap<std::string, Version>& history() const { return history_; }

    const std::vector<Index>& indexes() const { return indexes_; }
    /// What a document is found by in a unique index; empty when it is not in it.
    static std::string entry_of(const Index& index, const Value& document);

    void put(const Value& document, Timestamp at, bool keep_history);
    void remove(const std::string& key, Timestamp at, bool keep_history);
    void add_index(const Value& spec);
    void drop_index(const std::string& index_name);
    /// The fields of a collMod.
    void modify(const Value& changes);
    void forget_history() { history_.clear(); }

  private:
    void enter(const std::string& key, const Value& document, bool enters);

    std::map<std::string, Record> records_;  ///< by the key of their _id
    std::map<std::uint64_t, std::string> order_;
    std::multimap<std::string, Version> history_;
    std::vector<Index> indexes_;
    std::uint64_t next_order_ = 1;
};

class Store {
  public:
    /// Null when there is none.
    const Collection* find(const std::string& ns) const;
    const std::map<std::string, Collection>& collections() const { return collections_; }
    /// The collections of a database.
    std::vector<const Collection*> of_database(std::string_view db) const;

    /// Mutations that do not concern it are left alone.
    void apply(const Value& mutation, Timestamp at, bool keep_history);
    /// The last transaction has ended.
    void forget_history();

  private:
    std::map<std::string, Collection> collections_;
};

std::string database_of(std::string_view ns);
std::string collection_of(std::string_view ns);

}  // namespace standin
