// Beam search over the sequences of one request.
#ifndef INLAY_ENGINE_BEAM_SEARCH_H_
#define INLAY_ENGINE_BEAM_SEARCH_H_

#include <cstdint>

#include "cpp/engine/book.h"
#include "cpp/engine/live_request.h"

namespace inlay::engine {

// Continuations that each beam is asked for, so that enough are left when all
// end ids are among them.
int32_t BeamCandidates(int32_t beam_width, size_t end_id_count);

// The beam was computed; it waits for the others.
void HoldBeam(LiveRequest& request, const sampling::SampleOutput& sample);

// Once all beams wait, the best continuations of all become the next beams;
// those that end become answers. The search is over when no beam can give a
// better answer than the worst of `beam_width` that ended, or at the length
// limit. This is the search of the Hugging Face library transformers with
// early_stopping=False (a beam's best hope is its score at its present
// length). The members may die in this. Does not throw.
void AdvanceBeams(Book& book, uint64_t group_id) noexcept;

}  // namespace inlay::engine

#endif  // INLAY_ENGINE_BEAM_SEARCH_H_
