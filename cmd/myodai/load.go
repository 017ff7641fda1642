package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/knadh/koanf/parsers/yaml"
	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/v2"
)

// environmentPrefix begins the names of settings in the environment.
const environmentPrefix = "MYODAI_"

// source says where a setting's value came from.
type source string

const (
	fromDefault     source = "default"
	fromFile        source = "file"
	fromEnvironment source = "environment"
	fromFlags       source = "flag"
)

// loadConfig puts the sources over each other: defaults, the file ("" for
// none), the environment, and flags by setting key. It returns everything that
// is wrong with them at once, as usage.
func loadConfig(path string, environ []string, flags map[string]string) (config, map[string]source, error) {
	c := defaultConfig()
	settings := c.settings()
	from := map[string]source{}
	var wrong []error
	apply := func(k *koanf.Koanf, name source, strict bool) {
		for _, key := range k.Keys() {
			i := slices.IndexFunc(settings, func(s setting) bool { return s.key == key })
			if i < 0 {
				if strict {
					wrong = append(wrong, fmt.Errorf("%s: there is no such setting; see myodai config --help", key))
				}
				continue
			}
			text, err := textOf(k.Get(key))
			if err == nil {
				err = settings[i].read(text)
			}
			if err != nil {
				wrong = append(wrong, fmt.Errorf("%s (%s): %w", key, name, err))
			}
			from[key] = name
		}
	}
	if path != "" {
		k := koanf.New(".")
		if err := k.Load(file.Provider(path), yaml.Parser()); err != nil {
			return c, from, usage("the configuration file cannot be read: %v", err)
		}
		apply(k, fromFile, true)
	}
	k := koanf.New(".")
	err := k.Load(env.Provider("", env.Opt{
		Prefix: environmentPrefix, EnvironFunc: func() []string { return environ },
		TransformFunc: func(key, value string) (string, any) {
			return strings.ToLower(strings.TrimPrefix(key, environmentPrefix)), value
		},
	}), nil)
	if err != nil {
		return c, from, fmt.Errorf("read the environment: %w", err)
	}
	// Others put variables into the environment, too: a container platform makes
	// MYODAI_PORT of a service that is called myodai. Unknown ones are not ours.
	apply(k, fromEnvironment, false)
	k = koanf.New(".")
	for key, text := range flags {
		if err := k.Set(key, text); err != nil {
			return c, from, fmt.Errorf("read the flags: %w", err)
		}
	}
	apply(k, fromFlags, true)
	c.from = from
	c.complete()
	if len(wrong) > 0 {
		return c, from, usageError{errors.Join(wrong...)}
	}
	return c, from, nil
}

// textOf writes what YAML made of a value as the one text that settings read.
func textOf(v any) (string, error) {
	switch v := v.(type) {
	case nil:
		return "", nil
	case []any:
		var parts []string
		for _, item := range v {
			text, err := textOf(item)
			if err != nil {
				return "", err
			}
			parts = append(parts, text)
		}
		return strings.Join(parts, ","), nil
	case map[string]any:
		return "", errors.New("this is not a single value or a list")
	}
	return fmt.Sprint(v), nil
}
