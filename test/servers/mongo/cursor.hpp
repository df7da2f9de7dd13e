// Cursors: what a query has found and not yet sent, and the tails of the oplog.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "test/servers/mongo/engine.hpp"

namespace standin {

/// A reply holds no more than that.
inline constexpr std::size_t max_batch_bytes = 16U << 20;

struct Batch {
    std::vector<Value> documents;
    std::size_t bytes = 0;
    std::size_t limit = 0;  ///< documents; 0: no limit

    /// Whether another one of that size has to wait for the next reply.
    bool is_full(std::size_t next_bytes) const {
        return (limit > 0 && documents.size() >= limit) ||
               (!documents.empty() && bytes + next_bytes > max_batch_bytes);
    }
    void add(Value document) {
        bytes += document.bytes().size();
        documents.push_back(std::move(document));
    }
};

class Cursor {
  public:
    explicit Cursor(std::string ns) : ns_(std::move(ns)) {}
    virtual ~Cursor() = default;

    const std::string& ns() const { return ns_; }
    /// Adds what there is. Throws Failure; the cursor is gone then.
    virtual void fill(Batch& batch) = 0;
    /// Nothing will come any more.
    virtual bool is_over() const = 0;
    /// An empty batch is worth waiting.
    virtual bool awaits() const { return false; }
    /// Of a change stream: where to go on.
    virtual std::optional<Value> resume_token() const { return std::nullopt; }

  private:
    std::string ns_;
};

/// What was found when the query ran.
class ListCursor final : public Cursor {
  public:
    ListCursor(std::string ns, std::vector<Value> found)
        : Cursor(std::move(ns)), found_(std::move(found)) {}
    void fill(Batch& batch) override;
    bool is_over() const override { return next_ == found_.size(); }

  private:
    std::vector<Value> found_;
    std::size_t next_ = 0;
};

/// Follows local.oplog.rs, as the manual's page "Tailable Cursors" says.
class OplogCursor final : public Cursor {
  public:
    OplogCursor(const Engine& engine, Value filter, bool awaits);
    /// Throws Failure CappedPositionLost when the oplog was cut beyond it.
    void fill(Batch& batch) override;
    bool is_over() const override { return false; }
    bool awaits() const override { return awaits_; }

  private:
    const Engine& engine_;
    Value filter_;
    bool awaits_;
    std::uint64_t next_;
};

/// The first entry of the oplog that a filter on ts lets pass.
std::uint64_t first_wanted(const Oplog& oplog, const Value& filter);

class Cursors {
  public:
    /// The number that it is found by.
    std::int64_t add(std::unique_ptr<Cursor> cursor);
    /// Null when there is none.
    Cursor* find(std::int64_t id) const;
    bool remove(std::int64_t id) { return cursors_.erase(id) > 0; }
    void clear() { cursors_.clear(); }

  private:
    std::map<std::int64_t, std::unique_ptr<Cursor>> cursors_;
};

/// {cursor: {firstBatch or nextBatch, id, ns}, ok: 1}.
Value cursor_reply(const char* batch_name, Batch batch, const std::string& ns, std::int64_t id,
                   const std::optional<Value>& resume_token);

}  // namespace standin
