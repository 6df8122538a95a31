// Parses a template with bounded depth.
#ifndef INLAY_TEXT_JINJA_PARSER_H_
#define INLAY_TEXT_JINJA_PARSER_H_

#include <string_view>

#include "cpp/text/jinja_ast.h"
#include "cpp/text/jinja_budget.h"

namespace inlay::text::jinja {

// Constants live in `budget`, which must outlive the tree.
StatusOr<Block> ParseTemplate(std::string_view source, int max_depth,
                              Budget& budget);

}  // namespace inlay::text::jinja

#endif  // INLAY_TEXT_JINJA_PARSER_H_
