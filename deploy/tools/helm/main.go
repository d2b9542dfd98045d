// Command helm lints and renders the project's chart in its tests: Helm's own packages, without a cluster.
//
//	helm lint CHART [--set K=V]...
//	helm template CHART [--release NAME] [--namespace NS] [--set K=V]... [--include-crds]
//
// With "serve" as the only argument it reads one command per line from standard input, its arguments as a JSON array,
// and answers each with one JSON object {"code":N,"out":"…","err":"…"} per line: one start for a table of cases.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/lint/support"
	"helm.sh/helm/v3/pkg/strvals"
)

const usage = "usage: helm lint|template CHART [--release NAME] [--namespace NS] [--set K=V]... [--include-crds], or helm serve"

// The version that templates see in .Capabilities.KubeVersion: the oldest one the chart is made for.
const kubeVersion = "v1.29.0"

type request struct {
	verb, chart, release, namespace string
	values                          map[string]any
	crds                            bool
}

func parse(args []string) (request, error) {
	r := request{release: "portolan", namespace: "istio-system", values: map[string]any{}}
	if len(args) < 2 {
		return r, fmt.Errorf("%s", usage)
	}
	r.verb, r.chart = args[0], args[1]
	for i := 2; i < len(args); i++ {
		if args[i] == "--include-crds" {
			r.crds = true
			continue
		}
		if i+1 == len(args) {
			return r, fmt.Errorf("%s needs a value; %s", args[i], usage)
		}
		value := args[i+1]
		switch args[i] {
		case "--release":
			r.release = value
		case "--namespace":
			r.namespace = value
		case "--set":
			if err := strvals.ParseInto(value, r.values); err != nil {
				return r, fmt.Errorf("--set %s: %w", value, err)
			}
		default:
			return r, fmt.Errorf("unknown flag %s; %s", args[i], usage)
		}
		i++
	}
	return r, nil
}

func run(args []string, out, problems io.Writer) int {
	r, err := parse(args)
	if err == nil {
		switch r.verb {
		case "lint":
			err = lint(r, out)
		case "template":
			err = template(r, out)
		default:
			err = fmt.Errorf("unknown command %q; %s", r.verb, usage)
		}
	}
	if err != nil {
		fmt.Fprintln(problems, err)
		return 1
	}
	return 0
}

// lint fails on warnings too.
func lint(r request, out io.Writer) error {
	lint := action.NewLint()
	lint.Strict = true
	lint.Namespace = r.namespace
	result := lint.Run([]string{r.chart}, r.values)
	for _, message := range result.Messages {
		fmt.Fprintln(out, message)
	}
	if len(result.Errors) > 0 {
		return fmt.Errorf("%d errors: %v", len(result.Errors), result.Errors)
	}
	for _, message := range result.Messages {
		if message.Severity >= support.WarningSev {
			return fmt.Errorf("warnings: %v", message)
		}
	}
	return nil
}

func template(r request, out io.Writer) error {
	loaded, err := loader.Load(r.chart)
	if err != nil {
		return err
	}
	version, err := chartutil.ParseKubeVersion(kubeVersion)
	if err != nil {
		return err
	}
	install := action.NewInstall(new(action.Configuration))
	install.DryRun = true
	install.ClientOnly = true
	install.Replace = true
	install.ReleaseName = r.release
	install.Namespace = r.namespace
	install.IncludeCRDs = r.crds
	install.KubeVersion = version
	release, err := install.Run(loaded, r.values)
	if err != nil {
		return err
	}
	_, err = io.WriteString(out, release.Manifest)
	return err
}

type answer struct {
	Code int    `json:"code"`
	Out  string `json:"out"`
	Err  string `json:"err"`
}

func serve(in io.Reader, out io.Writer) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 0, 1<<16), 1<<20)
	answers := json.NewEncoder(out)
	for lines.Scan() {
		if strings.TrimSpace(lines.Text()) == "" {
			continue
		}
		var args []string
		var done, problems bytes.Buffer
		code := 2
		if err := json.Unmarshal(lines.Bytes(), &args); err != nil {
			fmt.Fprintln(&problems, err)
		} else {
			code = run(args, &done, &problems)
		}
		if err := answers.Encode(answer{code, done.String(), problems.String()}); err != nil {
			return err
		}
	}
	return lines.Err()
}

func main() {
	if len(os.Args) == 2 && os.Args[1] == "serve" {
		if err := serve(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}
