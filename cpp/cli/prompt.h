// Prompts from conversations.
#ifndef INLAY_CLI_PROMPT_H_
#define INLAY_CLI_PROMPT_H_

#include <inlay/inlay.hpp>
#include <string>
#include <vector>

namespace inlay::cli {

struct Message {
  std::string role;
  std::string content;
};

// A prompt in parts. What a user wrote is its own part, in which control
// tokens are not recognised, however it is spelled.
class Prompt {
 public:
  // Text as it is; with `special`, control tokens in it are recognised.
  static Prompt Plain(std::string text, bool special);
  // The model's chat template over the messages. `tools_json` may be empty.
  static Prompt Chat(const Model& model, const std::vector<Message>& messages,
                     const std::string& tools_json);

  // Points `request` here; this object must outlive the submit.
  void Fill(inlay_request* request);
  // The whole text.
  std::string text() const;

 private:
  void Add(std::string text, bool special);

  std::vector<std::string> texts_;
  std::vector<inlay_prompt_part> parts_;
  bool rendered_ = false;
};

}  // namespace inlay::cli

#endif  // INLAY_CLI_PROMPT_H_
