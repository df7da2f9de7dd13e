// The main of all test executables, and a listener that tells test/run what each test case did: one
// line each (state, seconds, name, reason; by tabs) in the file that DTS_TEST_RESULTS names.
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>

#include "test/skip.hpp"

namespace {

std::string skip_reason;

class ResultsFile : public Catch::TestEventListenerBase {
  public:
    using TestEventListenerBase::TestEventListenerBase;

    void testRunStarting(const Catch::TestRunInfo& run) override {
        TestEventListenerBase::testRunStarting(run);
        if (const char* name = std::getenv("DTS_TEST_RESULTS")) file_.open(name, std::ios::app);
    }

    // Written at once: a test case that starts and is never ended has crashed.
    void testCaseStarting(const Catch::TestCaseInfo& test) override {
        TestEventListenerBase::testCaseStarting(test);
        skip_reason.clear();
        started_ = std::chrono::steady_clock::now();
        file_ << "start\t0\t" << test.name << "\t" << std::endl;
    }

    void testCaseEnded(const Catch::TestCaseStats& test) override {
        TestEventListenerBase::testCaseEnded(test);
        const char* state = test.totals.testCases.failed > 0 ? "fail"
                            : skip_reason.empty()            ? "pass"
                                                             : "skip";
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started_;
        file_ << state << '\t' << took.count() << '\t' << test.testInfo.name << '\t' << skip_reason
              << std::endl;
    }

  private:
    std::ofstream file_;
    std::chrono::steady_clock::time_point started_;
};

CATCH_REGISTER_LISTENER(ResultsFile)

}  // namespace

void dts::test::skip(std::string_view reason) {
    skip_reason = reason;
    std::cout << "SKIPPED: " << reason << std::endl;
}
