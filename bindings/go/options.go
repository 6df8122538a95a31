package inlay

import (
	"sort"

	"inlay/internal/capi"
)

// Options are tunables by name, such as OptionKVType, each for models or for
// engines; one set may serve both. They are checked where they are used: an
// unknown name is ErrNotFound, a value that it does not take
// ErrInvalidArgument or ErrOutOfRange, with the reason in the message. Nil
// and empty values mean defaults.
type Options map[string]string

// OptionInfos describes all tunables that the library knows.
func OptionInfos() ([]OptionInfo, error) {
	var list []OptionInfo
	count := capi.OptionCount()
	for i := uintptr(0); i < count; i++ {
		raw := sized[capi.OptionInfo]()
		err := call("list options", func(d *detail) int32 {
			return capi.OptionGetInfo(i, raw, d)
		})
		if err != nil {
			return nil, err
		}
		list = append(list, fromOptionInfo(raw))
	}
	return list, nil
}

// Check says what is wrong with a set before it is used.
func (o Options) Check() error {
	set, err := o.raw()
	capi.OptionsRelease(set)
	return err
}

// Value is what was set, or the default. ErrNotFound if there is no tunable
// of that name.
func (o Options) Value(key string) (string, error) {
	one := Options{key: o[key]}
	set, err := one.raw()
	if err != nil {
		return "", err
	}
	defer capi.OptionsRelease(set)
	var text *byte
	var size uintptr
	err = call("get option "+key, func(d *detail) int32 {
		return capi.OptionsGet(set, capi.Bytes(key), uintptr(len(key)),
			&text, &size, d)
	})
	return goString(text, size), err
}

// raw makes the library's object of a set, nil for an empty one. Give it
// back with capi.OptionsRelease.
func (o Options) raw() (*capi.Options, error) {
	if len(o) == 0 {
		return nil, nil
	}
	var out *capi.Options
	err := call("create options", func(d *detail) int32 {
		return capi.OptionsCreate(&out, d)
	})
	if err != nil {
		return nil, err
	}
	keys := make([]string, 0, len(o))
	for key := range o {
		keys = append(keys, key)
	}
	sort.Strings(keys) // the same mistake gives the same error
	for _, key := range keys {
		value := o[key]
		err = call("set option "+key, func(d *detail) int32 {
			return capi.OptionsSet(out, capi.Bytes(key), uintptr(len(key)),
				capi.Bytes(value), uintptr(len(value)), d)
		})
		if err != nil {
			capi.OptionsRelease(out)
			return nil, err
		}
	}
	return out, nil
}
