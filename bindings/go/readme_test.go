package inlay

import (
	"os"
	"strings"
	"testing"
)

// The example of the README is the one that the tests run.
func TestReadme(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	check(t, err)
	example, err := os.ReadFile("example_test.go")
	check(t, err)
	_, code, _ := strings.Cut(string(readme), "```go\n")
	code, _, _ = strings.Cut(code, "```")
	if code == "" || !strings.HasSuffix(string(example), code) {
		t.Error("README.md and example_test.go differ")
	}
}
