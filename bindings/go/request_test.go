package inlay

import (
	"reflect"
	"strings"
	"testing"

	"inlay/internal/capi"
)

// fill sets everything in a value that can be set.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int32, reflect.Int64:
		v.SetInt(1)
	case reflect.Uint64:
		v.SetUint(1)
	case reflect.Float32:
		v.SetFloat(0.5)
	case reflect.String:
		v.SetString("x")
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	case reflect.Map:
		v.Set(reflect.ValueOf(map[int32]float32{1: 1}))
	case reflect.Struct:
		for i := 0; i < v.NumField(); i++ {
			fill(v.Field(i))
		}
	}
}

// zeros lists the fields of a raw struct that are zero.
func zeros(raw any) string {
	var names []string
	v := reflect.ValueOf(raw).Elem()
	for i := 0; i < v.NumField(); i++ {
		if v.Field(i).IsZero() {
			names = append(names, v.Type().Field(i).Name)
		}
	}
	return strings.Join(names, " ")
}

// A field that the library knows and a Request cannot set would stay zero.
func TestWholeRequest(t *testing.T) {
	var q Request
	fill(reflect.ValueOf(&q).Elem())
	a := newArena()
	defer a.free()
	raw := q.raw(a)
	// The rest is set by Submit or not offered yet; nobody needs Release.
	if got := zeros(raw); got != "UserData Release Session LogitsHook LogitsUserData DecoderTokens DecoderTokenCount" {
		t.Errorf("not set: %s", got)
	}
	var all uint64
	for bit := uint64(1); bit <= capi.RequestNoCache; bit <<= 1 {
		all |= bit
	}
	if raw.Flags != all {
		t.Errorf("flags %b, not %b", raw.Flags, all)
	}
	if got := zeros(raw.Parts); got != "Text TextSize" && got != "Flags Text TextSize" {
		t.Errorf("of a part: %s", got)
	}
	check(t, EngineOptions{1, 1, 1, Options{OptionPolicy: "fcfs"}, true}.use(
		func(raw *capi.EngineOptions) error {
			if got := zeros(raw); got != "Reserved0 OnEvents EventUserData EventRelease" {
				t.Errorf("of an engine: %s", got)
			}
			return nil
		}))
}
