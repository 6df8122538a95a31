// The fields of a request's JSON object, each checked for its type and range.
#ifndef SAMPLES_SERVER_FIELDS_H_
#define SAMPLES_SERVER_FIELDS_H_

#include <cstdint>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

namespace server {

// Throws ApiError with status 400. Bounds the nesting.
nlohmann::json ParseBody(const std::string& body);

// Reads fields by name; null is the same as absent. Every call names a field
// that is understood, and Finish refuses all others: an ignored field would
// silently change what the client asked for.
class Fields {
 public:
  explicit Fields(const nlohmann::json& object) : object_(object) {}

  // Null if it is absent.
  const nlohmann::json* Find(const std::string& name);
  std::string String(const std::string& name, const std::string& missing);
  bool Bool(const std::string& name, bool missing);
  int64_t Integer(const std::string& name, int64_t missing, int64_t least,
                  int64_t most);
  double Number(const std::string& name, double missing, double least,
                double most);
  // A string or an array of them.
  std::vector<std::string> Strings(const std::string& name);
  // Throws unless it is absent or `only`.
  void Only(const std::string& name, const nlohmann::json& only);

  void Finish() const;

 private:
  const nlohmann::json& object_;
  std::set<std::string> known_;
};

// Throws ApiError with status 400 about a field.
[[noreturn]] void BadField(const std::string& name, const std::string& what);

}  // namespace server

#endif  // SAMPLES_SERVER_FIELDS_H_
