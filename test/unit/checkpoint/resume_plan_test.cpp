#include "lib/checkpoint/resume_plan.hpp"

#include "lib/position/postgres_position.hpp"
#include "test/unit/checkpoint/positions.hpp"

using namespace dts;

namespace {

ResumeInputs with_log(std::uint64_t offset) {
    ResumeInputs inputs;
    inputs.resume_from_log = true;
    inputs.log = at(offset);
    inputs.log_place = "position.log";
    inputs.log_expected = true;
    inputs.target_place = "dts_metadata.task_position";
    return inputs;
}

std::uint64_t offset_of(const ResumePlan& plan) {
    return plan.position ? dts::offset_of(*plan.position) : 0;
}

ErrorKind refusal_of(const ResumeInputs& inputs) {
    const auto error = thrown_by([&] { make_resume_plan(inputs); });
    REQUIRE(error);
    CHECK_FALSE(error->hint().empty());
    return error->kind();
}

}  // namespace

TEST_CASE("resume plan: the log, the table, the resume file, the settings, the current end") {
    auto inputs = with_log(100);
    inputs.resume_from_target = true;
    inputs.table = at(200);
    inputs.table_place = "table";
    inputs.resume_file = inputs.resume_file_place = "resume.config";
    inputs.resume_file_position = at(300);
    inputs.configured = at(400);

    auto plan = make_resume_plan(inputs);
    CHECK(offset_of(plan) == 100);
    CHECK(plan.found_in == "position.log");
    CHECK(plan.is_resume);
    CHECK(plan.warnings.empty());

    inputs.log = nullptr;
    inputs.log_expected = false;
    plan = make_resume_plan(inputs);
    CHECK(offset_of(plan) == 200);
    CHECK(plan.is_resume);

    inputs.table = nullptr;
    plan = make_resume_plan(inputs);
    CHECK(offset_of(plan) == 300);
    CHECK(plan.found_in == "resume.config");
    CHECK(plan.is_resume);

    inputs.resume_file_position = nullptr;
    plan = make_resume_plan(inputs);
    CHECK(offset_of(plan) == 400);
    CHECK_FALSE(plan.is_resume);

    inputs.configured = nullptr;
    plan = make_resume_plan(inputs);
    CHECK_FALSE(plan.position.has_value());
    CHECK_FALSE(plan.is_resume);
    CHECK_FALSE(plan.resets_target);
}

TEST_CASE("resume plan: a log that is not asked for is not used, and that is said") {
    auto inputs = with_log(100);
    inputs.resume_from_log = false;
    inputs.configured = at(400);
    const auto plan = make_resume_plan(inputs);
    CHECK(offset_of(plan) == 400);
    CHECK(plan.warnings.size() == 1);
}

TEST_CASE("resume plan: a log that should hold a record and does not is refused, never from now") {
    auto inputs = with_log(100);
    inputs.log = nullptr;
    CHECK(refusal_of(inputs) == ErrorKind::checkpoint);
    inputs.configured = at(400);
    CHECK(refusal_of(inputs) == ErrorKind::checkpoint);

    SECTION("the target's own checkpoint is the truth all the same") {
        inputs.exactly_once = true;
        inputs.target = at(300);
        const auto plan = make_resume_plan(inputs);
        CHECK(offset_of(plan) == 300);
        CHECK(plan.warnings.size() == 1);
        CHECK_FALSE(plan.resets_target);
    }
    SECTION("a position named by hand in a resume file is obeyed") {
        inputs.resume_file_position = at(350);
        const auto plan = make_resume_plan(inputs);
        CHECK(offset_of(plan) == 350);
        CHECK(plan.warnings.size() == 1);
    }
}

TEST_CASE("resume plan: with exactly-once the target's checkpoint wins in both directions") {
    auto inputs = with_log(100);
    inputs.exactly_once = inputs.target_expected = true;

    inputs.target = at(150);
    auto plan = make_resume_plan(inputs);
    CHECK(offset_of(plan) == 150);
    CHECK(plan.warnings.empty());
    CHECK(plan.found_in == inputs.target_place);
    CHECK(plan.is_resume);
    CHECK_FALSE(plan.resets_target);

    inputs.target = at(50);
    plan = make_resume_plan(inputs);
    CHECK(offset_of(plan) == 50);
    CHECK(plan.warnings.size() == 1);
    CHECK_FALSE(plan.resets_target);

    inputs.target = at(100);
    plan = make_resume_plan(inputs);
    CHECK(offset_of(plan) == 100);
    CHECK(plan.warnings.empty());

    inputs.target = std::make_shared<PostgresPosition>();
    CHECK(refusal_of(inputs) == ErrorKind::checkpoint);
}

TEST_CASE(
    "resume plan: a row left over from before at-least-once runs does not take the log back") {
    auto inputs = with_log(100);
    inputs.exactly_once = true;
    inputs.target_expected = false;

    inputs.target = at(50);
    auto plan = make_resume_plan(inputs);
    CHECK(offset_of(plan) == 100);
    CHECK(plan.resets_target);
    CHECK(plan.warnings.size() == 1);

    inputs.target = at(150);
    plan = make_resume_plan(inputs);
    CHECK(offset_of(plan) == 150);
    CHECK_FALSE(plan.resets_target);
}

TEST_CASE("resume plan: a target that lost its checkpoint is refused") {
    auto inputs = with_log(100);
    inputs.exactly_once = inputs.target_expected = true;
    CHECK(refusal_of(inputs) == ErrorKind::checkpoint);

    SECTION("a log that never had a counterpart there is simply used") {
        inputs.target_expected = false;
        CHECK(offset_of(make_resume_plan(inputs)) == 100);
    }
    SECTION("asked for by from_target, too") {
        inputs.resume_from_log = false;
        inputs.resume_from_target = true;
        CHECK(refusal_of(inputs) == ErrorKind::checkpoint);
    }
}

TEST_CASE("resume plan: a position given by hand is obeyed and resets the target, with a warning") {
    ResumeInputs inputs;
    inputs.exactly_once = true;
    inputs.target = at(100);
    SECTION("by the resume file") {
        inputs.resume_file_position = at(300);
    }
    SECTION("by the settings") {
        inputs.configured = at(300);
    }
    SECTION("by the settings, back") {
        inputs.configured = at(30);
    }
    const auto plan = make_resume_plan(inputs);
    CHECK(offset_of(plan) % 270 == 30);
    CHECK(plan.resets_target);
    CHECK(plan.warnings.size() == 1);
}

TEST_CASE("resume plan: the same position as the target's resets nothing") {
    ResumeInputs inputs;
    inputs.exactly_once = true;
    inputs.target = at(100);
    inputs.configured = at(100);
    const auto plan = make_resume_plan(inputs);
    CHECK_FALSE(plan.resets_target);
    CHECK(plan.warnings.empty());
}

TEST_CASE("resume plan: asked to resume with the log lost, the target's checkpoint beats now") {
    ResumeInputs inputs;
    inputs.exactly_once = inputs.resume_from_log = true;
    inputs.target = at(100);
    const auto plan = make_resume_plan(inputs);
    CHECK(offset_of(plan) == 100);
    CHECK(plan.is_resume);
    CHECK_FALSE(plan.resets_target);
}

TEST_CASE("resume plan: a missing resume file is a warning where a record is found elsewhere") {
    auto inputs = with_log(100);
    inputs.resume_file = "resume.config";
    inputs.resume_file_missing = true;
    const auto plan = make_resume_plan(inputs);
    CHECK(offset_of(plan) == 100);
    REQUIRE(plan.warnings.size() == 1);
    CHECK_THAT(plan.warnings[0], Catch::Contains("resume.config"));

    inputs.log = nullptr;
    inputs.log_expected = false;
    inputs.configured = at(400);
    CHECK(refusal_of(inputs) == ErrorKind::config);
}
