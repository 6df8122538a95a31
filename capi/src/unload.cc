// The library carries its own C++ runtime, whose reserve for exceptions (72 KB)
// would be lost each time a host unloads the library: give it back.
#ifdef INLAY_OWN_CXX_RUNTIME

namespace __gnu_cxx {
void __freeres();  // libsupc++ offers it to leak checkers.
}  // namespace __gnu_cxx

namespace {

// Priority 101, the first that is free for programs, runs last of all.
[[gnu::destructor(101)]] void FreeExceptionReserve() { __gnu_cxx::__freeres(); }

}  // namespace

#endif  // INLAY_OWN_CXX_RUNTIME
