// Whether a stream is asked for its values in binary, which costs the server less than text: where
// text can be made of everything that is read of it. The server sends all columns of a stream in
// one way, so this is chosen when it is opened, by the catalog of that moment. What the stream then
// describes counts: a type that turns up in it and has no form ends it, and the next one is text,
// but where that is an enum which it knows.
//
// Outlives the sources of a task, which are made anew after each error. One thread at a time.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "lib/change/table_schema.hpp"
#include "lib/client/postgres_client.hpp"
#include "lib/source/postgres/binary_values.hpp"
#include "lib/source/postgres/pgoutput_reader.hpp"
#include "lib/source/source.hpp"

namespace dts {

class BinaryChoice {
  public:
    /// For a stream of this publication that is about to be opened; `reads`: tables whose rows are
    /// looked at. Throws as PostgresConnection::query().
    void choose(PostgresConnection& connection, const std::string& publication,
                const TableSelector& reads);
    /// Binary, where these are the enums of the server, and the domains over them.
    void choose_binary(std::set<std::uint32_t> enums);

    bool is_binary() const noexcept { return is_binary_; }

    /// How the columns of a table that is read are to be taken. Throws Error{transient} for one
    /// that has no form: the way on is that of a lost connection, from the last checkpoint, and
    /// choose() says text from then on unless it finds the type to be an enum. REQUIRES
    /// is_binary().
    std::vector<BinaryForm> forms_of(const pgoutput::Relation& relation, const TableSchema& schema);

    /// For a row whose binary values make no sense: the same, for good. What the server itself
    /// prints of them is text that somebody else judges.
    [[noreturn]] void give_up(const TableSchema& table, const Error& error);

  private:
    bool is_binary_ = false;
    bool is_given_up_ = false;
    /// Types that had no form in a stream. The catalog of now may know nothing of them; one that it
    /// has for an enum was made while the stream went on. Whoever is met twice is given up for.
    std::set<std::uint32_t> met_;
    std::set<std::uint32_t> enums_;
};

}  // namespace dts
