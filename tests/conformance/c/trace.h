/* Writes the trace: one object per step on standard output. Commas come by
 * themselves. */
#ifndef INLAY_CONFORMANCE_TRACE_H_
#define INLAY_CONFORMANCE_TRACE_H_

#include <inlay/inlay.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A new entry: with a key in an object, with NULL in a list. */
void put_text(const char* key, const char* text, size_t size);
void put_int(const char* key, int64_t value);
void put_float(const char* key, float value);
void put_double(const char* key, double value);
void put_ids(const char* key, const int32_t* ids, size_t count);
void put_floats(const char* key, const float* values, size_t count);
void open_list(const char* key);
void close_list(void);
void open_object(const char* key);
void close_object(void);

/* The next entry begins a line. */
void start_line(void);

/* Writes the status, and of a failure the message. Returns 1 for success. */
int put_status(inlay_status status, const inlay_error* error);

#ifdef __cplusplus
}
#endif

#endif
