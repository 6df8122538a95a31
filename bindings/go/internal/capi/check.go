package capi

import (
	"fmt"
	"sync"
	"unsafe"
)

var (
	checkOnce  sync.Once
	checkError error
)

// Check compares the library that the program runs with to the description
// that the binding was generated from. Every call gives the same answer.
func Check() error {
	checkOnce.Do(func() { checkError = check(ABIVersion(), sizeOf) })
	return checkError
}

func sizeOf(name string) uintptr {
	text := append([]byte(name), 0)
	return StructSize(&text[0])
}

func check(abi uint32, size func(string) uintptr) error {
	if abi != DescribedABI {
		return fmt.Errorf("the library %s has ABI %d, the binding %s needs "+
			"ABI %d", Version(), abi, DescribedVersion, DescribedABI)
	}
	for _, row := range structSizes {
		if known := size(row.name); known < row.size {
			return fmt.Errorf("the library %s is older than the binding %s: "+
				"its %s has %d bytes, not %d", Version(), DescribedVersion,
				row.name, known, row.size)
		}
	}
	return nil
}

// String copies UTF-8 of C.
func String(text *byte, size uintptr) string {
	if text == nil || size == 0 {
		return ""
	}
	return string(unsafe.Slice(text, size))
}

// Bytes is the address of a string's bytes, for the length of a call; nil if
// it is empty.
func Bytes(text string) *byte {
	if text == "" {
		return nil
	}
	return *(**byte)(unsafe.Pointer(&text))
}
