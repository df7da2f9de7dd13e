#include "lib/base/activity.hpp"

#include <utility>

namespace dts {

namespace {

thread_local Activity* watched = nullptr;

}  // namespace

Watched::Watched(Activity& activity) noexcept
    : outer_(std::exchange(watched, &activity)),
      activity_(activity),
      before_(activity.look().doing) {
    activity_.set(Doing::working);
}

Watched::~Watched() {
    activity_.set(before_);
    watched = outer_;
}

While::While(Doing doing) noexcept : activity_(watched) {
    if (activity_ == nullptr) return;
    before_ = activity_->look().doing;
    activity_->set(doing);
}

While::~While() {
    if (activity_ != nullptr) activity_->set(before_);
}

void note_step() noexcept {
    if (watched != nullptr) watched->set(watched->look().doing);
}

}  // namespace dts
