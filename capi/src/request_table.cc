#include "capi/src/request_table.h"

#include "capi/src/registry.h"

namespace inlay::capi {
namespace {

void TellHost(const RecordList& records) {
  for (const auto& record : records) {
    if (record->release != nullptr) record->release(record->user_data);
  }
}

}  // namespace

RequestTable::~RequestTable() {
  UnregisterAll();
  RecordList all;
  {
    MutexLock lock(mutex_);
    all.splice(all.end(), ended_);
    all.splice(all.end(), live_);
  }
  TellHost(all);
}

std::shared_ptr<RequestRecord> RequestTable::Add(const inlay_request& request) {
  auto record = std::make_shared<RequestRecord>();
  record->user_data = request.user_data;
  record->release = request.release;
  record->logits_hook = request.logits_hook;
  record->logits_user_data = request.logits_user_data;
  MutexLock lock(mutex_);
  record->place = live_.insert(live_.end(), record);
  return record;
}

void RequestTable::Forget(RequestRecord* record) {
  RecordList gone;
  MutexLock lock(mutex_);
  gone.splice(gone.end(), live_, record->place);
}

void RequestTable::MarkEnded(RequestRecord* record) noexcept {
  Registry::Remove(record);
  MutexLock lock(mutex_);
  ended_.splice(ended_.end(), live_, record->place);
}

void RequestTable::ReleaseEnded() noexcept {
  RecordList gone;
  {
    MutexLock lock(mutex_);
    gone.splice(gone.end(), ended_);
  }
  TellHost(gone);
}

void RequestTable::ReleaseOne(RequestRecord* record) noexcept {
  RecordList gone;
  {
    MutexLock lock(mutex_);
    gone.splice(gone.end(), live_, record->place);
  }
  Registry::Remove(record);
  TellHost(gone);
}

void RequestTable::UnregisterAll() noexcept {
  MutexLock lock(mutex_);
  for (const auto& record : live_) Registry::Remove(record.get());
}

}  // namespace inlay::capi
