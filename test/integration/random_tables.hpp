// Postgres tables that nobody thought of: names, columns, keys, replica identities and partitions
// by chance, of every type that the types' test knows, and changes of their rows.
#pragma once

#include <string>
#include <vector>

#include "test/fault/chance.hpp"
#include "test/integration/postgres_type_cases.hpp"

namespace dts::test {

class RandomTable {
  public:
    /// `number` makes its names unlike those of others; `types`, which outlive it: of its values.
    RandomTable(Chance& chance, const std::string& schema, int number,
                const std::vector<PostgresTypeCase>& types);

    const std::string& name() const noexcept { return name_; }  ///< quoted, with its schema
    /// Statements that make it. Some types have no order that an index needs: the server refuses
    /// those keys (42704).
    const std::string& definition() const noexcept { return definition_; }

    /// The statements of one change. Each may meet a row that is there already (23505).
    std::vector<std::string> change(Chance& chance) const;
    /// One statement that writes some thousand rows.
    std::string large_insert(Chance& chance) const;

  private:
    struct ValueColumn {
        std::string name;  ///< quoted
        const PostgresTypeCase* type = nullptr;
        bool can_be_null = true;
    };
    /// How the source tells a row from others.
    enum class Key { id, id_and_value, value, index, none, id_and_full, two };

    void define(Chance& chance);
    std::string value(Chance& chance, const ValueColumn& column) const;
    std::string row(Chance& chance, int id) const;
    std::string insert_into() const;
    std::string where_id(Chance& chance, int id) const;

    std::string name_;
    std::string leaf_prefix_;  ///< of its partitions' names
    std::string definition_;
    std::vector<ValueColumn> values_;
    Key key_ = Key::id;
    bool is_partitioned_ = false;
    bool is_always_identity_ = false;  ///< id is GENERATED ALWAYS: given once, never changed
};

}  // namespace dts::test
