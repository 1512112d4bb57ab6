//go:build tools

// Package tools names the program that is built from this module's versions.
package tools

import _ "sigs.k8s.io/kwok/cmd/kwok"
