/* What the generated misuse cases and the test that runs them share. */
#ifndef INLAY_TESTS_CAPI_MISUSE_H_
#define INLAY_TESTS_CAPI_MISUSE_H_

#include <inlay/inlay.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct misuse_case {
  const char* name;
  /* Calls the function with `handle` first if it takes one, NULL and 0 else. */
  inlay_status (*call)(void* handle, inlay_error* error);
  const char* handle; /* type of the handle, "" if it takes none */
  int fallible;
} misuse_case;

extern const misuse_case misuse_cases[];
extern const size_t misuse_case_count;

/* A client in plain C; returns 0, or the line that failed. */
int run_c_client(const char* model_path);

#ifdef __cplusplus
}
#endif

#endif /* INLAY_TESTS_CAPI_MISUSE_H_ */
