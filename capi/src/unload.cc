// What third-party code keeps for the life of a process would be lost each time
// a host unloads the library: give it back.
#include <google/protobuf/stubs/common.h>

// A Protobuf that is the system's may have other users in the process.
#ifdef INLAY_OWN_PROTOBUF

namespace {

// Protobuf's list of what to delete at its end (80 bytes).
[[gnu::destructor(102)]] void EndProtobuf() {
  google::protobuf::ShutdownProtobufLibrary();
}

}  // namespace

#endif  // INLAY_OWN_PROTOBUF

// The library carries its own C++ runtime, whose reserve for exceptions takes
// 72 KB.
#ifdef INLAY_OWN_CXX_RUNTIME

namespace __gnu_cxx {
void __freeres();  // libsupc++ offers it to leak checkers.
}  // namespace __gnu_cxx

namespace {

// Priority 101, the first that is free for programs, runs last of all.
[[gnu::destructor(101)]] void FreeExceptionReserve() { __gnu_cxx::__freeres(); }

}  // namespace

#endif  // INLAY_OWN_CXX_RUNTIME
