// Which path does what, and who may.
#ifndef SAMPLES_SERVER_ROUTES_H_
#define SAMPLES_SERVER_ROUTES_H_

#include "http.h"
#include "service.h"

namespace server {

// Sets up `http` to answer for `service`, which must outlive it.
void AddRoutes(Service* service, HttpServer* http);

}  // namespace server

#endif  // SAMPLES_SERVER_ROUTES_H_
