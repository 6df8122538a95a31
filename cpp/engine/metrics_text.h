// Counters of an engine in the Prometheus text exposition format 0.0.4.
#ifndef INLAY_ENGINE_METRICS_TEXT_H_
#define INLAY_ENGINE_METRICS_TEXT_H_

#include <string>

#include "cpp/engine/engine.h"
#include "cpp/engine/histogram.h"

namespace inlay::engine {

std::string FormatMetrics(const EngineStats& stats,
                          const EngineHistograms& histograms);

}  // namespace inlay::engine

#endif  // INLAY_ENGINE_METRICS_TEXT_H_
