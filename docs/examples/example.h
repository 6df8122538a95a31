/* What the examples share: an error ends the program and says why. */
#ifndef DOCS_EXAMPLES_EXAMPLE_H_
#define DOCS_EXAMPLES_EXAMPLE_H_

#include <inlay/inlay.h>
#include <stdio.h>
#include <stdlib.h>

static inline void check(inlay_status status, const inlay_error* error) {
  if (status == INLAY_OK) return;
  fprintf(stderr, "%s: %s\n", inlay_status_name(status), error->message);
  exit(1);
}

/* The first argument. */
static inline const char* model_argument(int argc, char** argv) {
  if (argc > 1) return argv[1];
  fprintf(stderr, "usage: %s MODEL\n", argv[0]);
  exit(2);
}

#endif /* DOCS_EXAMPLES_EXAMPLE_H_ */
