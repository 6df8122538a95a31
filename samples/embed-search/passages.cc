#include "passages.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>

namespace {

namespace fs = std::filesystem;

constexpr uintmax_t kMostBytes = 4 << 20;

// Collects words until a paragraph ends or is full.
class Splitter {
 public:
  Splitter(std::string file, int most_words, std::vector<Passage>* out)
      : file_(std::move(file)), most_words_(most_words), out_(out) {}

  void AddLine(const std::string& line) {
    ++line_;
    std::istringstream words(line);
    std::string word;
    bool empty = true;
    while (words >> word) {
      empty = false;
      if (passage_.text.empty()) {
        passage_.line = line_;
      } else {
        passage_.text += ' ';
      }
      passage_.text += word;
      if (++words_ == most_words_) Flush();
    }
    if (empty) Flush();
  }

  void Flush() {
    if (words_ > 0) {
      passage_.file = file_;
      out_->push_back(passage_);
    }
    passage_ = {};
    words_ = 0;
  }

 private:
  std::string file_;
  int most_words_;
  std::vector<Passage>* out_;
  Passage passage_;
  int line_ = 0;
  int words_ = 0;
};

bool IsHidden(const fs::path& path) {
  const std::string name = path.filename().string();
  return !name.empty() && name[0] == '.';
}

// False: it is no text, or cannot be read.
bool ReadText(const fs::directory_entry& entry, std::string* text) {
  std::error_code error;
  if (entry.file_size(error) > kMostBytes || error) return false;
  std::ifstream file(entry.path(), std::ios::binary);
  if (!file) return false;
  text->assign(std::istreambuf_iterator<char>(file), {});
  return text->find('\0') == std::string::npos;
}

std::vector<fs::directory_entry> FilesOf(const std::string& folder) {
  std::vector<fs::directory_entry> files;
  const auto options = fs::directory_options::skip_permission_denied;
  std::error_code error;
  fs::recursive_directory_iterator at(folder, options, error), end;
  while (!error && at != end) {
    if (IsHidden(at->path())) {
      at.disable_recursion_pending();
    } else if (std::error_code ignored; at->is_regular_file(ignored)) {
      files.push_back(*at);
    }
    at.increment(error);
  }
  if (error) throw std::runtime_error(folder + ": " + error.message());
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

std::vector<Passage> ReadPassages(const std::string& folder, int most_words,
                                  int* skipped) {
  std::vector<Passage> passages;
  for (const fs::directory_entry& entry : FilesOf(folder)) {
    std::string text;
    if (!ReadText(entry, &text)) {
      ++*skipped;
      continue;
    }
    Splitter splitter(entry.path().string(), most_words, &passages);
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) splitter.AddLine(line);
    splitter.Flush();
  }
  return passages;
}
