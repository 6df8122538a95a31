// Memory that ends at a page nobody may touch.
#ifndef INLAY_TESTS_KERNELS_GUARDED_H_
#define INLAY_TESTS_KERNELS_GUARDED_H_

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace inlay::kernels::cpu {

// `count` elements right before an inaccessible page, so that one element read
// or written beyond the end is a fault.
template <typename T>
class Guarded {
 public:
  explicit Guarded(size_t count) : count_(count) {
    const size_t bytes = count * sizeof(T);
    pages_ = (bytes + kPage - 1) / kPage * kPage;
    base_ = static_cast<uint8_t*>(mmap(nullptr, pages_ + kPage,
                                       PROT_READ | PROT_WRITE,
                                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    mprotect(base_ + pages_, kPage, PROT_NONE);
    data_ = reinterpret_cast<T*>(base_ + pages_ - bytes);
  }
  explicit Guarded(const std::vector<T>& values) : Guarded(values.size()) {
    for (size_t i = 0; i < values.size(); ++i) data_[i] = values[i];
  }
  ~Guarded() { munmap(base_, pages_ + kPage); }
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;

  T* data() const { return data_; }
  size_t size() const { return count_; }
  T& operator[](size_t i) const { return data_[i]; }
  std::vector<T> values() const { return {data_, data_ + count_}; }

 private:
  static constexpr size_t kPage = 4096;
  size_t count_;
  size_t pages_;
  uint8_t* base_;
  T* data_;
};

}  // namespace inlay::kernels::cpu

#endif  // INLAY_TESTS_KERNELS_GUARDED_H_
