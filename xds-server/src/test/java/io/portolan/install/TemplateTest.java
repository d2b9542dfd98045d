package io.portolan.install;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The part of Go's template language that is read; the rest is refused. */
class TemplateTest {
  private static final String VALUES =
      """
      {"Values": {"name": "a", "empty": "", "zero": 0, "port": 15012, "on": true, "off": false,
       "list": ["x", "y"], "none": [], "map": {"b": 2, "a": "<1>"}, "sizes": {"s": {"r": 3}}}}
      """;

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "x{{ .Values.name }}y                                   | xay",
        "{{ quote .Values.port }}                               | \"15012\"",
        "{{ .Values.on }}{{ .Values.missing }}                  | true",
        "{{ if .Values.empty }}1{{ else }}2{{ end }}            | 2",
        "{{ if .Values.zero }}1{{ else }}2{{ end }}             | 2",
        "{{ if .Values.none }}1{{ else }}2{{ end }}             | 2",
        "{{ if .Values.list }}1{{ end }}                        | 1",
        "{{ if and .Values.on (not .Values.off) }}1{{ end }}    | 1",
        "{{ if eq .Values.name \"a\" }}1{{ end }}               | 1",
        "{{ if ne .Values.name \"b\" }}1{{ end }}               | 1",
        "{{ or .Values.zero .Values.port }}                     | 15012",
        "{{ range .Values.list }}<{{ . }}>{{ end }}             | <x><y>",
        "{{ range .Values.none }}<{{ . }}>{{ end }}-            | -",
        "{{ range .Values.list }}{{ $.Values.name }}{{ end }}   | aa",
        "{{ range $k, $v := .Values.map }}{{ $k }}={{ $v }};{{ end }} | a=<1>;b=2;",
        "{{ toJson .Values.map }}                               | {\"a\":\"<1>\",\"b\":2}",
        "{{ $s := index .Values.sizes \"s\" }}{{ $s.r }}        | 3",
        "{{ quote (print \"p=\" .Values.name) }}               | \"p=a\"",
        "{{ if regexMatch \"^[0-9]+$\" \"12\" }}1{{ end }}      | 1",
        "a  {{- if true }}  b{{ end -}}  c                      | a  bc"
      })
  void renders(String template, String expected) throws Exception {
    JsonNode root = new ObjectMapper().readTree(VALUES);
    assertEquals(expected, Template.parse(template).render(root));
  }

  @Test
  void thePipeGivesTheLastArgument() throws Exception {
    JsonNode root = new ObjectMapper().readTree(VALUES);
    assertEquals(
        "\"p=a\"", Template.parse("{{ .Values.name | print \"p=\" | quote }}").render(root));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{{ include \"x\" . }}",
        "{{ .Values.name | upper }}",
        "{{ define \"x\" }}{{ end }}",
        "{{ if true }}",
        "{{ end }}",
        "{{ range $v := .Values.list }}{{ end }}",
        "{{ (.Values.name }}",
        "{{ \"a\\n\" }}",
        "{{ .Values.name",
        "{{/* a comment */}}"
      })
  void refusesWhatItDoesNotRead(String template) {
    assertThrows(InstallException.class, () -> Template.parse(template));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{{ fail \"global.x: is missing\" }} | global.x: is missing",
        "{{ .Values.list }}                  | cannot be printed",
        "{{ .Values.name.deeper }}           | nothing is above deeper",
        "{{ $unknown }}                      | $unknown is not defined",
        "{{ 1000000 }}                       | printed with an exponent by Helm",
        "{{ eq .Values.name .Values.port }}  | cannot be compared"
      })
  void failsLoudly(String template, String reason) throws Exception {
    JsonNode root = new ObjectMapper().readTree(VALUES);
    Template parsed = Template.parse(template);
    InstallException failure = assertThrows(InstallException.class, () -> parsed.render(root));
    assertTrue(String.valueOf(failure.getMessage()).contains(reason), failure.getMessage());
  }
}
