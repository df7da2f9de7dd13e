// The settings of a Postgres task.
#include <catch2/catch.hpp>

#include "lib/base/error.hpp"
#include "lib/config/task_config.hpp"
#include "lib/config/url.hpp"

using namespace dts;
using Catch::Contains;

namespace {

TaskConfig config_of_pg(std::string_view more = {}) {
    const auto ini = parse_ini(
        "[extractor]\ndb_type=pg\nextract_type=cdc\nslot_name=slot_1\n"
        "url=postgres://u:p%40w@db:5433/shop?options[work_mem]=8MB&sslmode=require\n"
        "[sinker]\ndb_type=pg\nurl=postgresql://v@[::1]/copy\n" +
            std::string(more),
        "task1.ini");
    return make_task_config(ini, "task1", nullptr);
}

std::string fault_with(std::string_view more) {
    try {
        config_of_pg(more);
    } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::config);
        return error.what();
    }
    return {};
}

}  // namespace

TEST_CASE("pg settings: what is left out has its default") {
    const auto config = config_of_pg();
    CHECK(config.extractor.postgres_cdc.slot_name == "slot_1");
    CHECK(config.extractor.postgres_cdc.publication == "slot_1_publication_for_all_tables");
    CHECK(config.extractor.postgres_cdc.start_lsn.empty());
    CHECK(config.extractor.endpoint.port == 5433);
    CHECK(config.extractor.endpoint.password == "p@w");
    CHECK(config.extractor.endpoint.database == "shop");
    CHECK(config.extractor.endpoint.ssl_mode == SslMode::require);
    CHECK(config.extractor.endpoint.session_settings ==
          std::vector<std::pair<std::string, std::string>>{{"work_mem", "8MB"}});
    CHECK(config.sinker.endpoint->port == 5432);
    CHECK(config.global.task_id == "task1@db:5433/shop->[::1]:5432/copy");
    CHECK(config.notes.empty());
}

TEST_CASE("pg settings: what is wrong is named") {
    CHECK_THAT(fault_with("[extractor]\nstart_lsn=12\n"), Contains("is not an LSN"));
    CHECK(fault_with("[extractor]\nstart_lsn=0/16B3748\n").empty());
    CHECK_THAT(fault_with("[extractor]\nslot_name=Slot-1\n"), Contains("is not a slot's name"));
    CHECK_THAT(fault_with("[extractor]\nslot_name=" + std::string(40, 'a') + "\n"),
               Contains("set a shorter pub_name"));
    CHECK_THAT(fault_with("[extractor]\nstart_lsn=0/1\nrecreate_slot_if_exists=true\n"),
               Contains("which a new slot does not hold"));
    CHECK_THAT(fault_with("[extractor]\nslot_name=\n"), Contains("slot_name: is missing"));
}

TEST_CASE("postgres url: the database must be named, and parameters known") {
    const auto fault = [](std::string_view url) -> std::string {
        try {
            parse_postgres_url(url);
        } catch (const Error& error) {
            return error.what();
        }
        return {};
    };
    CHECK_THAT(fault("postgres://u:secret@h"), Contains("no database is named"));
    CHECK_THAT(fault("postgres://u:secret@h"), !Contains("secret"));
    CHECK_THAT(fault("mysql://h/d"), Contains("must begin with postgres://"));
    CHECK_THAT(fault("postgres://h/d?target_session_attrs=any"), Contains("is not known"));
    CHECK(fault("postgresql://h/d?options[statement_timeout]=10s").empty());
    // Several hosts, of one port.
    CHECK(parse_postgres_url("postgres://u@a,b:5433/d").host == "a,b");
    CHECK(parse_postgres_url("postgres://u@a,b:5433/d").port == 5433);
}

TEST_CASE("pg settings: definition statements, only from pg to pg, and but for TRUNCATE noted") {
    CHECK_FALSE(config_of_pg().filter.truncates);
    CHECK(config_of_pg("[filter]\ndo_ddls=truncate_table\n").filter.truncates);
    CHECK_THAT(fault_with("[filter]\ndo_ddls=*\n"), Contains("needs [extractor] ddl_meta_tb"));
    const auto config = config_of_pg(
        "[extractor]\nddl_meta_tb=dts.ddl\n[filter]\ndo_ddls=create_table, truncate_table\n");
    CHECK(config.filter.truncates);
    CHECK(config.filter.definitions == std::vector<std::string>{"create_table"});
    CHECK(config.extractor.postgres_cdc.definition_table->table == "ddl");
    CHECK(config.pipeline.exactly_once == ExactlyOnce::required);
    CHECK(config_of_pg("[extractor]\nddl_meta_tb=dts.ddl\n[filter]\ndo_ddls=*\n")
              .filter.definitions.size() == 8);
    CHECK_THAT(fault_with("[extractor]\nddl_meta_tb=dts.ddl\n[filter]\ndo_ddls=alter_database\n"),
               Contains("alter_database is not built yet"));
    CHECK_THAT(fault_with("[extractor]\nddl_meta_tb=dts.ddl\n[filter]\ndo_ddls=alter_table\n"
                          "[pipeline]\nexactly_once=false\n"),
               Contains("can not be applied twice"));
    CHECK_THAT(fault_with("sink_type=dummy\n[filter]\ndo_ddls=truncate_table\n"),
               Contains("is not built yet but from pg to pg"));
}

TEST_CASE("pg settings: of two-way syncs what is not built is refused by name") {
    CHECK(config_of_pg("[data_marker]\nsrc_node=a\ndst_node=b\ndo_nodes=a\nignore_nodes=b\n")
              .data_marker.src_node == "a");
    const std::string marked = "[data_marker]\nsrc_node=a\n";
    CHECK(config_of_pg(marked).notes.empty());
    CHECK(config_of_pg("[extractor]\nstream_in_progress=false\n" + marked).notes.empty());
    const auto notes = config_of_pg("[extractor]\nstream_in_progress=true\n" + marked).notes;
    REQUIRE(notes.size() == 1);
    CHECK_THAT(notes[0], Contains("stream_in_progress=true has no effect with [data_marker]"));
    CHECK_THAT(fault_with("[data_marker]\ndst_node=b\n"), Contains("src_node: is missing"));
    CHECK_THAT(fault_with("[data_marker]\nsrc_node=a\ndo_nodes=a,c\n"),
               Contains("do_nodes: others than src_node are not built yet"));
    CHECK_THAT(fault_with("[data_marker]\nsrc_node=a\nignore_nodes=a\n"),
               Contains("nothing would be synced"));
    CHECK_THAT(fault_with("[data_marker]\nsrc_node=a\nmarker=m.t\n"),
               Contains("marker: is not built yet"));
    CHECK_THAT(fault_with("sink_type=dummy\n[data_marker]\nsrc_node=a\n"),
               Contains("is not built yet but from pg to pg"));
}
