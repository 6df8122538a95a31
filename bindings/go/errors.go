package inlay

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"inlay/internal/capi"
)

// ErrClosed is wrapped by the error of every call on an object after its
// Close, and of a request that ended because its engine was closed.
var ErrClosed = errors.New("inlay: closed")

// Error is what every failure of the library looks like. Test it with
//
//	errors.Is(err, inlay.ErrNotFound)
//
// or get at its fields with errors.As. ErrCancelled also is
// context.Canceled, ErrDeadlineExceeded is context.DeadlineExceeded, and
// ErrNotFound is fs.ErrNotExist.
type Error struct {
	// What was asked of the library: "submit".
	Op string
	// Why it failed.
	Code Code
	// Where it arose.
	Domain Domain
	// The operating system's code, or 0.
	Native int64
	// For people.
	Message string
	// Of a submit that a full queue refused: when there may be room. 0: the
	// queue is not the reason.
	RetryAfter time.Duration

	cause error
}

// Error is the message, with what was asked and the code.
func (e *Error) Error() string {
	text := "inlay: " + e.Op + ": " + e.Code.String()
	if e.Message != "" {
		text += ": " + e.Message
	}
	if e.cause != nil && e.cause.Error() != e.Message {
		text += ": " + e.cause.Error()
	}
	return text
}

// Is compares to a Code and to the errors of the standard library that mean
// the same.
func (e *Error) Is(target error) bool {
	switch target {
	case context.Canceled:
		return e.Code == ErrCancelled
	case context.DeadlineExceeded:
		return e.Code == ErrDeadlineExceeded
	case fs.ErrNotExist:
		return e.Code == ErrNotFound
	}
	code, ok := target.(Code)
	return ok && code == e.Code
}

// Unwrap is the error of the program's own reader, writer, hook or context
// that ended the call, if there is one.
func (e *Error) Unwrap() error { return e.cause }

// Error makes a Code a target for errors.Is.
func (v Code) Error() string { return "inlay: " + v.String() }

func unknown(v int32) string { return fmt.Sprintf("unknown (%d)", v) }

var details = sync.Pool{New: func() any { return new(capi.Error) }}

// call runs one function of the library and makes an error of its status.
func call(op string, f func(detail *capi.Error) int32) error {
	detail := details.Get().(*capi.Error)
	defer details.Put(detail)
	detail.StructSize = uint32(unsafe.Sizeof(*detail))
	code := Code(f(detail))
	if code == OK {
		return nil
	}
	return &Error{
		Op: op, Code: code, Domain: Domain(detail.Domain),
		Native:     detail.NativeCode,
		Message:    string(detail.Message[:detail.MessageSize]),
		RetryAfter: time.Duration(detail.RetryAfterNs),
	}
}

// because adds the program's own error to one of the library.
func because(err, cause error) error {
	var detail *Error
	if cause != nil && errors.As(err, &detail) {
		detail.cause = cause
	}
	return err
}

func closedError(op, what string) error {
	return &Error{Op: op, Code: ErrFailedPrecondition, Domain: DomainABI,
		Message: "the " + what + " is closed", cause: ErrClosed}
}

// nativeCode is what the library is told of an error of the program: a number
// that is not 0.
func nativeCode(err error, otherwise int64) int64 {
	var number syscall.Errno
	if errors.As(err, &number) && number != 0 {
		return int64(number)
	}
	var code Code
	if errors.As(err, &code) && code != OK {
		return int64(code)
	}
	return otherwise
}
