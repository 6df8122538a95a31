// Asks a model one question and streams its answer: hello MODEL [PROMPT]
#include <inlay/inlay.hpp>
#include <iostream>

int main(int argc, char** argv) {
  if (argc < 2) {
    std::cerr << "usage: hello MODEL [PROMPT]\n";
    return 2;
  }
  try {
    const inlay::Context context;
    const inlay::Model model = context.open(argv[1]);
    const inlay::Engine engine(model);
    const char* prompt = argc > 2 ? argv[2] : "What is the capital of France?";
    const auto request = inlay::Request::chat(prompt).max_tokens(200);
    for (const inlay::Piece& piece : engine.stream(request)) {
      std::cout << piece.text << std::flush;
    }
    std::cout << '\n';
    return 0;
  } catch (const inlay::Error& error) {
    std::cerr << inlay_status_name(error.status()) << ": " << error.what()
              << '\n';
    return 1;
  }
}
