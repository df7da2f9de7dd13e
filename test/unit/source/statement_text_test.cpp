#include "lib/source/postgres/statement_text.hpp"

#include <catch2/catch.hpp>

namespace statement_text = dts::postgres_statement;

namespace {

std::string found(std::string_view query, std::string_view tag, std::size_t nth = 0) {
    const auto statement = statement_text::find(query, tag, nth);
    return statement ? std::string(*statement) : "none";
}

}  // namespace

TEST_CASE("statement text: strings are split at the semicolons that end statements") {
    const auto split = [](std::string_view query) {
        std::string text;
        for (const auto part : statement_text::split(query)) text.append("[").append(part) += ']';
        return text;
    };
    CHECK(split("a;b ; ;") == "[a][b ]");
    CHECK(split("a ';' \";\" $$;$$ $x$;$$;$x$ (;) -- ;\n /* ; /* ; */ ; */ b") ==
          "[a ';' \";\" $$;$$ $x$;$$;$x$ (;) -- ;\n /* ; /* ; */ ; */ b]");
    CHECK(split("a E'\\';';b 'it''s;';c") == "[a E'\\';'][b 'it''s;'][c]");
    CHECK(
        split("create function f() begin atomic select case when a then b end; select 2; end;b") ==
        "[create function f() begin atomic select case when a then b end; select 2; end][b]");
    CHECK(split("a 'open; b") == "[a 'open; b]");
    CHECK(split("a$1;b$x$;c$x$") == "[a$1][b$x$][c$x$]");
    CHECK(split("-- nothing") == "");
}

TEST_CASE("statement text: the statement that an event trigger fired for is found by its tag") {
    CHECK(found("create unique index i on t (a)", "CREATE INDEX") ==
          "create unique index i on t (a)");
    CHECK(found("set x=1;create temp table a();insert into a", "CREATE TABLE") ==
          "create temp table a()");
    CHECK(found("create table a();create table b as select 1", "CREATE TABLE AS") ==
          "create table b as select 1");
    CHECK(found("create table a(i int generated always as (1) stored)", "CREATE TABLE") != "none");
    CHECK(found("create table a();create table b()", "CREATE TABLE", 1) == "create table b()");
    CHECK(found("create table a();create table b()", "CREATE TABLE", 2) == "none");
    CHECK(found("begin;create table a();create table b();commit", "CREATE TABLE", 1) ==
          "create table b()");
    CHECK(found("do $$ create table a() $$", "CREATE TABLE") == "none");
}

TEST_CASE("statement text: several that may have been taken back are not told apart") {
    CHECK(found("savepoint a;create table a();rollback to a;create table b()", "CREATE TABLE") ==
          "none");
    CHECK(found("create table a();commit;create table b()", "CREATE TABLE") == "none");
    CHECK(found("savepoint a;create table a();release a", "CREATE TABLE") == "create table a()");
}

TEST_CASE("statement text: the stack tells what a function executed") {
    using statement_text::read_context;
    const std::string own = "PL/pgSQL function dts.note_ddl() line 9 at GET DIAGNOSTICS";
    CHECK(read_context(own).is_client);
    const std::string executed = own +
                                 "\nSQL statement \"create table a (b text default '\"')\n"
                                 " partition by list (b)\"\nPL/pgSQL function "
                                 "inline_code_block line 1 at SQL statement";
    const auto inside = read_context(executed);
    CHECK_FALSE(inside.is_client);
    CHECK(inside.statement == "create table a (b text default '\"')\n partition by list (b)");
    const auto sql = read_context(own + "\nSQL function \"f\" statement 1");
    CHECK_FALSE(sql.is_client);
    CHECK_FALSE(sql.statement);
}

TEST_CASE("statement text: of a function's string with more in it, nothing is taken") {
    using statement_text::only;
    CHECK(only("alter table a add b int;", "ALTER TABLE") == "alter table a add b int");
    CHECK_FALSE(only("alter table a add b int; drop table c", "ALTER TABLE"));
    CHECK_FALSE(only("drop table c", "ALTER TABLE"));
    CHECK_FALSE(only("", "ALTER TABLE"));
}

TEST_CASE("statement text: CONCURRENTLY is taken out, and nothing else") {
    using statement_text::without_concurrently;
    CHECK(without_concurrently(
              "CREATE INDEX concurrently \"concurrently\" ON t (f('concurrently'))") ==
          "CREATE INDEX  \"concurrently\" ON t (f('concurrently'))");
    CHECK(without_concurrently("alter table a detach partition b CONCURRENTLY") ==
          "alter table a detach partition b ");
}

TEST_CASE("statement text: columns whose values the target would make up") {
    const auto makes_up = [](std::string actions) {
        return statement_text::makes_up_values("ALTER TABLE IF EXISTS ONLY s.\"T\" * " + actions);
    };
    for (const char* actions :
         {"ADD c int", "ADD COLUMN IF NOT EXISTS c numeric(5, 2) DEFAULT -1.5 NOT NULL",
          "ADD c text DEFAULT 'nowhere'::varchar(9)", "ADD c int DEFAULT NULL, DROP d",
          "ADD c date DEFAULT date '2024-01-01'", "ADD CONSTRAINT k CHECK (f(c) > random())",
          "ADD CHECK (c > 0), ADD PRIMARY KEY (c)", "ALTER c SET DEFAULT now()",
          "ADD c int GENERATED ALWAYS AS (a + 1) STORED", "RENAME c TO d",
          "ADD c int DEFAULT 1 CHECK (c > 0) REFERENCES t (c)",
          "ALTER c TYPE int USING (c::int + 1)", "ALTER c SET DATA TYPE varchar(9)",
          "ALTER c TYPE varchar(9) USING CAST(c AS character varying(9))",
          "ALTER COLUMN c TYPE numeric(5, 2) USING d::numeric(5, 2), ALTER d SET DEFAULT now()"}) {
        INFO(actions);
        CHECK_FALSE(makes_up(actions));
    }
    for (const char* actions :
         {"ADD c serial", "DROP d, ADD COLUMN c BIGSERIAL PRIMARY KEY",
          "ADD c int GENERATED BY DEFAULT AS IDENTITY", "ADD c uuid DEFAULT gen_random_uuid()",
          "ADD c timestamptz DEFAULT current_timestamp", "ADD c date DEFAULT 'today'::date",
          "ADD c int DEFAULT (1 + pg_catalog.random())", "ADD c int DEFAULT \"F\" (1)",
          "ALTER c TYPE uuid USING gen_random_uuid()",
          "DROP d, ALTER COLUMN c SET DATA TYPE int USING (CAST(random() AS int))",
          "ALTER c TYPE date USING current_date", "ALTER c TYPE int[] USING c[1:f(2)]"}) {
        INFO(actions);
        CHECK(makes_up(actions));
    }
}

TEST_CASE("statement text: a table's name before it is renamed or moved") {
    using statement_text::old_name;
    CHECK(old_name("alter table A.\"B\"\"b\" rename to c")->table == "B\"b");
    CHECK(old_name("alter table A.b rename to c")->schema == "a");
    CHECK_FALSE(old_name("alter table b rename to c")->schema);
    CHECK(old_name("alter table b set schema c")->moves_schema);
    CHECK_FALSE(old_name("alter table b rename c to d"));
    CHECK_FALSE(old_name("alter table b rename constraint c to d"));
    CHECK_FALSE(old_name("alter table b set (fillfactor=9)"));
}

TEST_CASE("statement text: any bytes are read to their end") {
    const std::string text = "CREATE 'a' \"b\" $c$d$c$ E'\\' -- /*e*/ \xFF U&\"f\" :: 1.5e3 ;$";
    for (std::size_t end = 0; end <= text.size(); ++end) {
        for (std::size_t begin = 0; begin <= end; ++begin) {
            const auto part = std::string_view(text).substr(begin, end - begin);
            for (const auto& token : statement_text::read_tokens(part)) {
                CHECK_FALSE(token.text.empty());
                token.name();
            }
            statement_text::find(part, "CREATE", 0);
            statement_text::makes_up_values(part);
        }
    }
}
