// The C++ header: owners, iteration, exceptions in the host's own code.
#include <inlay/inlay.hpp>
#include <iostream>

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  try {
    // [stream]
    const inlay::Context context;
    const inlay::Model model = context.open(argv[1]);
    const inlay::Engine engine(model);
    auto request = inlay::Request::chat("Why is the sky blue?")
                       .max_tokens(24)
                       .temperature(0.7f)
                       .seed(1);
    request.raw.top_k = 40;  // fields that have no setter
    inlay::Stream stream = engine.stream(request);
    for (const inlay::Piece& piece : stream) {
      std::cout << piece.text << std::flush;
    }  // leaving early, or destroying the stream, cancels the request
    std::cout << "\n" << stream.result().generated_tokens << " tokens\n";
    // [stream]
    return 0;
  } catch (const inlay::Error& error) {
    std::cerr << inlay_status_name(error.status()) << ": " << error.what()
              << "\n";
    return 1;
  }
}
