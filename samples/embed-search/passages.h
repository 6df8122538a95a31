// The passages of the text files of a folder.
#ifndef SAMPLES_EMBED_SEARCH_PASSAGES_H_
#define SAMPLES_EMBED_SEARCH_PASSAGES_H_

#include <string>
#include <vector>

struct Passage {
  std::string file;
  int line = 0;  // of its beginning, from 1
  std::string text;
};

// A paragraph is a passage; one of more than `most_words` is cut. Files that
// are no text, hidden or over 4 MiB are left out; `skipped` counts them.
// Throws std::runtime_error if the folder cannot be read.
std::vector<Passage> ReadPassages(const std::string& folder, int most_words,
                                  int* skipped);

#endif  // SAMPLES_EMBED_SEARCH_PASSAGES_H_
