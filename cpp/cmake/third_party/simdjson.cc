// simdjson picks its implementation by an environment variable; Inlay reads
// none. With the portable implementation alone there is nothing to pick, and
// every machine takes the same path.
#include <cstdlib>

#define getenv(name) static_cast<char*>(nullptr)
#include "simdjson.cpp"
