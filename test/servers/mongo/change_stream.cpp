#include "test/servers/mongo/change_stream.hpp"

#include <algorithm>

#include "test/servers/mongo/expression.hpp"
#include "test/servers/mongo/failure.hpp"
#include "test/servers/mongo/match.hpp"

namespace standin {

namespace {

Timestamp behind(Timestamp time) {
    return {time.seconds, time.counter + 1};
}

}  // namespace

ChangeStreamCursor::ChangeStreamCursor(const Engine& engine, std::string ns, StreamOptions options,
                                       const std::vector<Value>& pipeline)
    : Cursor(std::move(ns)), engine_(engine), options_(std::move(options)) {
    for (std::size_t index = 1; index < pipeline.size(); ++index) {
        if (pipeline[index].has("$changeStreamSplitLargeEvent")) {
            if (index + 1 != pipeline.size()) {
                throw failure(7182802, "$changeStreamSplitLargeEvent must be the last stage");
            }
            splits_ = true;
        } else {
            stages_.push_back(pipeline[index]);
        }
    }
    begin(*pipeline.front().find("$changeStream"));
}

void ChangeStreamCursor::begin(const Value& specification) {
    options_.expanded = specification.truthy_of("showExpandedEvents");
    const auto full = specification.text_of("fullDocument", "default");
    options_.looks_up = full == "updateLookup";
    options_.null_images = full == "whenAvailable";
    if (full == "required") {
        throw failure(51771,
                      "no pre- and post-images are kept: fullDocument 'required' is not possible");
    }
    const Value* after = specification.find("resumeAfter");
    const Value* start = specification.find("startAfter");
    const Value* at = specification.find("startAtOperationTime");
    if ((after != nullptr) + (start != nullptr) + (at != nullptr) > 1) {
        throw failure(40674, "Only one type of resume option is allowed, but multiple were found.");
    }
    if (after != nullptr) return resume(*after, false);
    if (start != nullptr) return resume(*start, true);
    const Timestamp time = at != nullptr ? at->time() : behind(engine_.now());
    if (at != nullptr) check_history(time);
    next_ = engine_.oplog().lower_bound(time);
    token_ = {time, ResumeToken::Kind::time, 0, 0};
}

void ChangeStreamCursor::resume(const Value& token, bool behind_invalidate) {
    token_ = ResumeToken::parse(token);
    if (token_.kind == ResumeToken::Kind::invalidate && !behind_invalidate) {
        throw failure(
            code::invalid_resume_token,
            "Attempting to resume a change stream using 'resumeAfter' is not allowed from "
            "an invalidate notification.");
    }
    check_history(token_.time);
    if (token_.kind != ResumeToken::Kind::time && engine_.oplog().find(token_.time) == nullptr) {
        throw failure(code::change_stream_fatal,
                      "cannot resume stream; the resume token was not found. " +
                          token_.value().text_of("_data"));
    }
    next_ = engine_.oplog().lower_bound(token_.time);
    behind_ = token_;
}

void ChangeStreamCursor::check_history(Timestamp time) const {
    const Oplog& oplog = engine_.oplog();
    if (!oplog.was_cut() || oplog.oldest().time <= time) return;
    throw failure(
        code::change_stream_history_lost,
        "Resume of change stream was not possible, as the resume point may no longer be in "
        "the oplog.",
        {"NonResumableChangeStreamError"});
}

void ChangeStreamCursor::queue(ChangeEvent event) {
    for (const auto& stage : stages_) {
        if (const Value* filter = stage.find("$match")) {
            if (!matches(*filter, event.document)) return;
        } else {
            event.document = apply_stage(stage, event.document, {});
        }
    }
    const auto size = event.document.bytes().size();
    if (size <= engine_.settings().max_event_bytes) {
        if (!behind_ || event.token > *behind_) queue_.push_back(std::move(event));
        return;
    }
    // When it was sent already, its size is nobody's concern.
    if (behind_ && event.token <= *behind_) return;
    if (!splits_) {
        throw failure(code::object_too_large,
                      "BSONObj size: " + std::to_string(size) +
                          " is invalid. Size must be between 0 "
                          "and " +
                          std::to_string(engine_.settings().max_event_bytes));
    }
    for (auto& fragment : split(event)) {
        if (!behind_ || fragment.token > *behind_) queue_.push_back(std::move(fragment));
    }
}

/// Whole fields, the small ones first, so that the first fragment tells most.
std::vector<ChangeEvent> ChangeStreamCursor::split(const ChangeEvent& event) const {
    std::vector<Field> fields;
    for (const auto& field : event.document.fields()) {
        if (field.name != "_id") fields.push_back(field);
    }
    std::stable_sort(fields.begin(), fields.end(), [](const Field& a, const Field& b) {
        return a.value.bytes().size() < b.value.bytes().size();
    });
    constexpr std::size_t own_bytes = 128;  // _id and splitEvent
    std::vector<std::vector<Field>> parts(1);
    std::size_t bytes = own_bytes;
    for (auto& field : fields) {
        const auto size = field.value.bytes().size() + field.name.size() + 2;
        if (!parts.back().empty() && bytes + size > engine_.settings().max_event_bytes) {
            parts.emplace_back();
            bytes = own_bytes;
        }
        bytes += size;
        parts.back().push_back(std::move(field));
    }
    std::vector<ChangeEvent> fragments;
    for (std::size_t index = 0; index < parts.size(); ++index) {
        ChangeEvent fragment{event.token, {}, false};
        // The last one has the token of the whole event.
        if (index + 1 < parts.size()) {
            fragment.token.fragment = static_cast<std::uint32_t>(index);
        }
        fragment.document =
            Value{{"_id", fragment.token.value()},
                  {"splitEvent", Value{{"fragment", static_cast<std::int32_t>(index + 1)},
                                       {"of", static_cast<std::int32_t>(parts.size())}}}};
        for (auto& field : parts[index])
            fragment.document.append(field.name, std::move(field.value));
        fragments.push_back(std::move(fragment));
    }
    return fragments;
}

void ChangeStreamCursor::read_entry() {
    const auto& entry = engine_.oplog().at(next_);
    const auto events = events_of(parsed(entry.document), engine_, options_);
    for (const auto& event : events) {
        queue(event);
        // startAfter an invalidate: the stream goes on behind it.
        if (event.ends_stream && !queue_.empty() && queue_.back().ends_stream) break;
    }
    if (queue_.empty()) {
        const ResumeToken quiet{entry.time, ResumeToken::Kind::time, 0, 0};
        if (quiet > token_) token_ = quiet;
    }
    ++next_;
}

void ChangeStreamCursor::fill(Batch& batch) {
    if (next_ < engine_.oplog().begin()) {
        throw failure(code::change_stream_history_lost,
                      "PlanExecutor error during aggregation :: caused by :: Executor error: "
                      "CappedPositionLost: the oplog was cut beyond the stream",
                      {"NonResumableChangeStreamError"});
    }
    while (!over_) {
        if (queue_.empty()) {
            if (next_ == engine_.oplog().end()) return;
            read_entry();
            continue;
        }
        ChangeEvent& event = queue_.front();
        if (batch.is_full(event.document.bytes().size())) return;
        token_ = event.token;
        over_ = event.ends_stream;
        batch.add(std::move(event.document));
        queue_.pop_front();
    }
}

}  // namespace standin
