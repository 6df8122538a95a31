module hello-go

go 1.19

require inlay v0.0.0

replace inlay => ../../bindings/go
