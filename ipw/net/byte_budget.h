#pragma once
// A bound on what many streams hold together: a bound on each alone is none where there may be any
// number of them.

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

namespace ipw::net {

/// Thread-safe.
class ByteBudget {
 public:
  explicit ByteBudget(std::uint64_t most) : most_(most) {}
  ByteBudget(const ByteBudget&) = delete;
  ByteBudget& operator=(const ByteBudget&) = delete;

  /// false: there are not so many left, and nothing was taken.
  [[nodiscard]] bool take(std::uint64_t bytes) {
    std::uint64_t taken = taken_.load(std::memory_order_relaxed);
    while (bytes <= most_ - taken) {
      if (taken_.compare_exchange_weak(taken, taken + bytes, std::memory_order_relaxed)) {
        return true;
      }
    }
    return false;
  }
  void give(std::uint64_t bytes) { taken_.fetch_sub(bytes, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t taken() const { return taken_.load(std::memory_order_relaxed); }

 private:
  const std::uint64_t most_;
  std::atomic<std::uint64_t> taken_ = 0;
};

/// What one of them holds; given back with it. One owner at a time.
class HeldBytes {
 public:
  HeldBytes() = default;
  explicit HeldBytes(std::shared_ptr<ByteBudget> budget) : budget_(std::move(budget)) {}
  HeldBytes(HeldBytes&& other) noexcept
      : budget_(std::move(other.budget_)), bytes_(std::exchange(other.bytes_, 0)) {}
  HeldBytes& operator=(HeldBytes&& other) noexcept {
    release();
    budget_ = std::move(other.budget_);
    bytes_ = std::exchange(other.bytes_, 0);
    return *this;
  }
  HeldBytes(const HeldBytes&) = delete;
  HeldBytes& operator=(const HeldBytes&) = delete;
  ~HeldBytes() { release(); }

  /// Holds `bytes` from now on. false: the budget has not so many, and it holds what it held.
  [[nodiscard]] bool hold(std::uint64_t bytes) {
    if (!budget_) return true;
    if (bytes > bytes_ && !budget_->take(bytes - bytes_)) return false;
    if (bytes < bytes_) budget_->give(bytes_ - bytes);
    bytes_ = bytes;
    return true;
  }
  [[nodiscard]] bool hold_more(std::uint64_t bytes) { return hold(bytes_ + bytes); }

 private:
  void release() {
    if (budget_) budget_->give(std::exchange(bytes_, 0));
  }
  std::shared_ptr<ByteBudget> budget_;
  std::uint64_t bytes_ = 0;
};

}  // namespace ipw::net
