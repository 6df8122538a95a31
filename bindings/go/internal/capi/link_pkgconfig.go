//go:build !inlay_bundled

package capi

// #cgo pkg-config: inlay
import "C"
