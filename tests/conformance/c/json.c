#include "json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct block {
  struct block* next;
} block;

static block* kept;

void fail(const char* what, const char* detail) {
  fprintf(stderr, "runner: %s: %s\n", what, detail);
  exit(2);
}

void* keep(size_t bytes) {
  block* memory = calloc(1, sizeof(block) + bytes + 1);
  if (memory == NULL) fail("no memory", "");
  memory->next = kept;
  kept = memory;
  return memory + 1;
}

void free_kept(void) {
  while (kept != NULL) {
    block* next = kept->next;
    free(kept);
    kept = next;
  }
}

char* read_file(const char* path, size_t* size) {
  FILE* file = fopen(path, "rb");
  char* text;
  long bytes;
  if (file == NULL) return NULL;
  fseek(file, 0, SEEK_END);
  bytes = ftell(file);
  rewind(file);
  text = keep((size_t)bytes);
  if (fread(text, 1, (size_t)bytes, file) != (size_t)bytes) {
    fail("cannot read", path);
  }
  fclose(file);
  if (size != NULL) *size = (size_t)bytes;
  return text;
}

static const char* skip(const char* at) { return at + strspn(at, " \n\r\t"); }

static const char* parse(const char* at, json* out);

/* Bytes of a string in the file: no fewer than those it stands for. */
static size_t string_bytes(const char* at) {
  const char* end = at + 1;
  while (*end != '"' && *end != '\0') end += *end == '\\' ? 2 : 1;
  return (size_t)(end - at);
}

static const char* parse_string(const char* at, json* out) {
  char* to = keep(string_bytes(at));
  static const char names[] = "\"\\/bfnrt", bytes[] = "\"\\/\b\f\n\r\t";
  out->kind = JSON_STRING;
  out->text = to;
  for (++at; *at != '"'; ++at) {
    if (*at == '\0') fail("JSON", "a string has no end");
    if (*at != '\\') {
      *to++ = *at;
    } else if (*++at == 'u') { /* below U+0020 only */
      *to++ = (char)(16 * (at[3] - '0') +
                     (at[4] <= '9' ? at[4] - '0' : at[4] - 'a' + 10));
      at += 4;
    } else {
      const char* found = strchr(names, *at);
      if (found == NULL) fail("JSON", "an unknown escape");
      *to++ = bytes[found - names];
    }
  }
  out->size = (size_t)(to - out->text);
  return at + 1;
}

static const char* parse_items(const char* at, json* out, char end) {
  size_t room = 0;
  out->kind = end == '}' ? JSON_OBJECT : JSON_LIST;
  for (at = skip(at + 1); *at != end; at = skip(at + (*at == ','))) {
    if (out->size == room) {
      json* items;
      const char** keys;
      room = room == 0 ? 8 : 2 * room;
      items = keep(room * sizeof(json));
      keys = keep(room * sizeof(*keys));
      if (out->size != 0) {
        memcpy(items, out->items, out->size * sizeof(json));
        memcpy(keys, out->keys, out->size * sizeof(*keys));
      }
      out->items = items;
      out->keys = keys;
    }
    if (end == '}') {
      json key = {JSON_NULL, 0, NULL, 0, NULL, NULL, NULL, 0};
      at = skip(parse_string(at, &key));
      if (*at != ':') fail("JSON", "a key without a value");
      out->keys[out->size] = key.text;
      at = skip(at + 1);
    }
    at = skip(parse(at, &out->items[out->size++]));
    if (*at != ',' && *at != end) fail("JSON", "a list has no end");
  }
  return at + 1;
}

static const char* parse(const char* at, json* out) {
  const char* begin = at;
  if (*at == '"') {
    at = parse_string(at, out);
  } else if (*at == '{' || *at == '[') {
    at = parse_items(at, out, *at == '{' ? '}' : ']');
  } else if (strncmp(at, "true", 4) == 0) {
    out->kind = JSON_BOOL, out->number = 1, at += 4;
  } else if (strncmp(at, "false", 5) == 0) {
    out->kind = JSON_BOOL, at += 5;
  } else if (strncmp(at, "null", 4) == 0) {
    at += 4;
  } else {
    char* end;
    out->kind = JSON_NUMBER;
    out->number = strtod(at, &end);
    if (end == at) fail("JSON", "neither a value nor an end");
    at = end;
  }
  out->source = begin;
  out->source_size = (size_t)(at - begin);
  return at;
}

const json* json_parse(const char* text) {
  json* root = keep(sizeof(json));
  parse(skip(text), root);
  return root;
}

const json* json_get(const json* object, const char* key) {
  size_t i;
  for (i = 0; object != NULL && i < object->size; ++i) {
    if (object->kind == JSON_OBJECT && strcmp(object->keys[i], key) == 0) {
      return &object->items[i];
    }
  }
  return NULL;
}

const char* json_text(const json* object, const char* key) {
  const json* value = json_get(object, key);
  if (value == NULL || value->kind != JSON_STRING) fail("no text", key);
  return value->text;
}

double json_number(const json* object, const char* key, double otherwise) {
  const json* value = json_get(object, key);
  return value == NULL ? otherwise : value->number;
}

const int32_t* json_ids(const json* object, const char* key, size_t* count) {
  const json* list = json_get(object, key);
  int32_t* ids;
  size_t i;
  *count = 0;
  if (list == NULL) return NULL;
  ids = keep(list->size * sizeof(*ids));
  for (i = 0; i < list->size; ++i) ids[i] = (int32_t)list->items[i].number;
  *count = list->size;
  return ids;
}

int json_has(const json* list, const char* name) {
  size_t i;
  for (i = 0; list != NULL && i < list->size; ++i) {
    if (strcmp(list->items[i].text, name) == 0) return 1;
  }
  return 0;
}
