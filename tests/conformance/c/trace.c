#include "trace.h"

#include <stdio.h>
#include <string.h>

static int first = 1; /* whether the next entry is the first one */

static void put_string(const char* text, size_t size) {
  size_t i;
  putchar('"');
  for (i = 0; i < size; ++i) {
    const unsigned char byte = (unsigned char)text[i];
    if (byte == '"' || byte == '\\') {
      printf("\\%c", byte);
    } else if (byte < 0x20) {
      printf("\\u%04x", byte);
    } else {
      putchar(byte);
    }
  }
  putchar('"');
}

static void begin(const char* key) {
  if (!first) putchar(',');
  first = 0;
  if (key == NULL) return;
  put_string(key, strlen(key));
  putchar(':');
}

void put_text(const char* key, const char* text, size_t size) {
  begin(key);
  put_string(text, size);
}

void put_int(const char* key, int64_t value) {
  begin(key);
  printf("%lld", (long long)value);
}

void put_float(const char* key, float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof(bits));
  begin(key);
  printf("\"%08lx\"", (unsigned long)bits);
}

void put_double(const char* key, double value) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof(bits));
  begin(key);
  printf("\"%016llx\"", (unsigned long long)bits);
}

void put_ids(const char* key, const int32_t* ids, size_t count) {
  size_t i;
  open_list(key);
  for (i = 0; i < count; ++i) put_int(NULL, ids[i]);
  close_list();
}

void put_floats(const char* key, const float* values, size_t count) {
  size_t i;
  open_list(key);
  for (i = 0; i < count; ++i) put_float(NULL, values[i]);
  close_list();
}

void open_list(const char* key) {
  begin(key);
  putchar('[');
  first = 1;
}

void close_list(void) {
  putchar(']');
  first = 0;
}

void open_object(const char* key) {
  begin(key);
  putchar('{');
  first = 1;
}

void close_object(void) {
  putchar('}');
  first = 0;
}

void start_line(void) { first = 1; }

int put_status(inlay_status status, const inlay_error* error) {
  const char* name = inlay_status_name(status);
  put_text("status", name, strlen(name));
  if (status != INLAY_OK) {
    put_text("message", error->message, error->message_size);
  }
  return status == INLAY_OK;
}
