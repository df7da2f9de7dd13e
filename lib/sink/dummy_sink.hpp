// Takes everything and writes nothing: to measure a source, or to try a task's settings.
#pragma once

#include "lib/sink/sink.hpp"

namespace dts {

class DummySink final : public Sink {
  public:
    void preflight() override {}
    TableSchemaPtr describe(std::string_view, std::string_view) override { return nullptr; }
    std::unique_ptr<EncodedGroup> encode(WriteGroup group) override {
        return std::make_unique<EncodedGroup>(std::move(group));
    }
    void apply(EncodedGroup&) override {}
    Recovery recover(const EncodedGroup&) override { return Recovery::apply_again; }
    void abandon() noexcept override {}
};

}  // namespace dts
