/* A context with a budget, threads and a log; and what it finds. */
#include "example.h"

/* [log sink] */
static void log_line(void* user_data, int32_t level, const char* text,
                     size_t text_size) {
  FILE* out = user_data;
  fprintf(out, "inlay %s: %.*s\n", level <= INLAY_LOG_WARNING ? "!" : " ",
          (int)text_size, text);
}
/* [log sink] */

/* [devices] */
static void print_devices(inlay_context* context) {
  inlay_error error = INLAY_ERROR_INIT;
  size_t count = 0, i;
  check(inlay_device_count(context, &count, &error), &error);
  for (i = 0; i < count; ++i) {
    inlay_device_info device = INLAY_DEVICE_INFO_INIT;
    check(inlay_device_get_info(context, i, &device, &error), &error);
    printf("%s: %s, %llu MiB free, %s\n", device.name, device.description,
           (unsigned long long)(device.free_bytes >> 20),
           device.usable ? device.features : device.reason);
  }
}
/* [devices] */

int main(void) {
  inlay_error error = INLAY_ERROR_INIT;
  /* [context with options] */
  inlay_context_options options = INLAY_CONTEXT_OPTIONS_INIT;
  inlay_context* context = NULL;
  options.thread_count = 2;                        /* 0: one per core */
  options.memory_budget_bytes = UINT64_C(1) << 30; /* 1 GiB in all */
  options.log = log_line;
  options.log_user_data = stderr;
  options.log_level = INLAY_LOG_INFO;
  check(inlay_context_create(&options, &context, &error), &error);
  /* [context with options] */
  print_devices(context);
  inlay_context_release(context);
  return 0;
}
