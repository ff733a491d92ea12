// Reads Kubernetes manifests (YAML, several documents) from standard input and decodes each as the API server does with
// strict field validation: an unknown kind, an unknown or doubled field, or a wrong type is an error. Prints one line for each
// manifest and ends with 1 when any was refused.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/yaml"
)

func main() {
	refused, err := check(os.Stdin, os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	if err != nil || refused > 0 {
		os.Exit(1)
	}
}

func check(in io.Reader, out io.Writer) (refused int, err error) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		apps.AddToScheme, core.AddToScheme, networking.AddToScheme, monitoring.AddToScheme,
	} {
		if err := add(scheme); err != nil {
			return 0, err
		}
	}
	decoder := serializer.NewCodecFactory(scheme, serializer.EnableStrict).UniversalDeserializer()
	documents := yaml.NewYAMLReader(bufio.NewReader(in))
	for {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return refused, nil
		}
		if err != nil {
			return refused, err
		}
		_, kind, err := decoder.Decode(document, nil, nil)
		if err != nil {
			refused++
			fmt.Fprintf(out, "refused: %v\n", err)
			continue
		}
		fmt.Fprintf(out, "ok: %s\n", kind)
	}
}
