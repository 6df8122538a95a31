// Package capi is the raw layer: the C ABI of Inlay as Go functions and
// structs, generated from the API description. It converts types and nothing
// else; ownership, thread classes and error rules are those of inlay.h.
//
// Only 64-bit targets: the layouts are checked when this is compiled, against
// the description and against the installed header.
package capi

/*
#include <stdlib.h>
*/
import "C"

import (
	"runtime/cgo"
	"sync/atomic"
	"unsafe"
)

// SizeofError is what Error.StructSize takes.
const SizeofError = unsafe.Sizeof(Error{})

// Polls counts the calls of Poll, which bring all events.
var Polls atomic.Int64

var handles atomic.Int64

// NewHandle keeps value alive and gives the number that C carries for it as
// user_data. Give it back with DeleteHandle.
func NewHandle(value any) uintptr {
	handles.Add(1)
	return uintptr(cgo.NewHandle(value))
}

// DeleteHandle lets go of a value of NewHandle.
func DeleteHandle(handle uintptr) {
	cgo.Handle(handle).Delete()
	handles.Add(-1)
}

// LiveHandles counts what NewHandle gave and DeleteHandle did not get.
func LiveHandles() int64 { return handles.Load() }

func valueOf(handle uintptr) any { return cgo.Handle(handle).Value() }

// contain ends a panic of a callback: it must not unwind frames of C++. What
// implements the callbacks catches panics itself, to report them where Go
// can; this is the net below.
func contain() { _ = recover() }

// Malloc gives zeroed memory of C, which may hold what Go memory must not:
// pointers that the library reads. The runtime ends the process if there is
// none, as it does for Go memory.
func Malloc(bytes uintptr) unsafe.Pointer {
	p := C.malloc(C.size_t(bytes))
	block := unsafe.Slice((*byte)(p), bytes)
	for i := range block {
		block[i] = 0
	}
	return p
}

// Free frees memory of Malloc.
func Free(p unsafe.Pointer) { C.free(p) }
