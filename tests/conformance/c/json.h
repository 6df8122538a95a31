/* A small JSON reader for the scenario: trusted input, kept until the end. */
#ifndef INLAY_CONFORMANCE_JSON_H_
#define INLAY_CONFORMANCE_JSON_H_

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
  JSON_NULL,
  JSON_BOOL,
  JSON_NUMBER,
  JSON_STRING,
  JSON_LIST,
  JSON_OBJECT
} json_kind;

typedef struct json {
  json_kind kind;
  double number;    /* also 0 or 1 of a bool */
  const char* text; /* a string's bytes, NUL-terminated */
  size_t size;      /* bytes of text, or number of items */
  struct json* items;
  const char** keys;  /* of an object, one per item */
  const char* source; /* where it stands in the file, and how long */
  size_t source_size;
} json;

/* Memory that main frees at the end; never NULL. */
void* keep(size_t bytes);
void free_kept(void);

/* Ends the program with a message: the scenario or the runner is wrong. */
void fail(const char* what, const char* detail);

/* The whole file, with a terminator; `size` may be NULL. NULL: no such file. */
char* read_file(const char* path, size_t* size);

const json* json_parse(const char* text);

/* The value of a key, or NULL. */
const json* json_get(const json* object, const char* key);
/* The same with a value to use if there is none. */
const char* json_text(const json* object, const char* key);
double json_number(const json* object, const char* key, double otherwise);
/* Ids of a list; NULL and 0 if there is none. */
const int32_t* json_ids(const json* object, const char* key, size_t* count);
/* Whether a list of strings has this one. */
int json_has(const json* list, const char* name);

#ifdef __cplusplus
}
#endif

#endif
