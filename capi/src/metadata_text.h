// Metadata of a model file as text.
#ifndef INLAY_CAPI_SRC_METADATA_TEXT_H_
#define INLAY_CAPI_SRC_METADATA_TEXT_H_

#include <string>

#include "cpp/formats/model_file.h"

namespace inlay::capi {

// Strings as they are, numbers in their shortest exact form, arrays as JSON.
std::string MetadataToText(const formats::MetadataValue& value);

}  // namespace inlay::capi

#endif  // INLAY_CAPI_SRC_METADATA_TEXT_H_
