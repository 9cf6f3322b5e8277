using System.Net;
using System.Xml;
using System.Xml.Linq;

namespace HipaaFs.Storage.S3;

/// <summary>Reads the parts of a plain HTTP reply that the SDK would have read.</summary>
internal static class S3Reply
{
    private const int LongestErrorDocument = 64 * 1024;

    /// <summary>The object's version; the quotes are HTTP's, not the tag's.</summary>
    internal static EntityTag TagOf(HttpResponseMessage response) =>
        new(response.Headers.TryGetValues("ETag", out IEnumerable<string>? values) ? values.First().Trim('"') : null);

    /// <summary>The header that carries a body's MD5 (RFC 1864).</summary>
    internal static KeyValuePair<string, string> Md5Header(byte[] md5) => new("Content-MD5", Convert.ToBase64String(md5));

    /// <summary>A header's value, or null.</summary>
    internal static string? Header(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out IEnumerable<string>? values) ? values.First() : null;

    /// <summary>What a reply without success means.</summary>
    /// <param name="response">The reply to a request with a signed address.</param>
    /// <param name="now">This machine's time.</param>
    /// <param name="cancel">Ends the wait for its body.</param>
    internal static async ValueTask<StoreFailure> FailureAsync(HttpResponseMessage response, DateTimeOffset now, CancellationToken cancel)
    {
        string? code = await CodeAsync(response, cancel);
        return S3Failures.From(response.StatusCode, IsOutOfDate(response, code, now) ? S3Failures.Skewed : code, response.Headers.RetryAfter);
    }

    // Of a signed address whose time is over, or has not come, S3 says no more than that access is denied. The reply's date tells that from missing rights.
    private static bool IsOutOfDate(HttpResponseMessage response, string? code, DateTimeOffset now) =>
        response.StatusCode == HttpStatusCode.Forbidden && (code is null or "AccessDenied")
        && response.Headers.Date is { } date && (date - now).Duration() >= S3Connection.SignatureLifetime;

    private static async ValueTask<string?> CodeAsync(HttpResponseMessage response, CancellationToken cancel)
    {
        if (response.Content.Headers.ContentLength is > LongestErrorDocument)
        {
            return null;
        }

        try
        {
            await response.Content.LoadIntoBufferAsync(LongestErrorDocument, cancel);
            await using Stream body = await response.Content.ReadAsStreamAsync(cancel);
            using var reader = XmlReader.Create(body, new XmlReaderSettings { Async = true, DtdProcessing = DtdProcessing.Prohibit });
            XDocument document = await XDocument.LoadAsync(reader, LoadOptions.None, cancel);
            string? code = document.Root?.Elements().FirstOrDefault(element => element.Name.LocalName == "Code")?.Value;
            return IsCode(code) ? code : null;
        }
        catch (Exception exception) when (exception is XmlException or HttpRequestException or IOException)
        {
            return null; // The status says enough: a proxy in between answers in its own words.
        }
    }

    // What goes into logs must be a code and nothing that quotes the request.
    private static bool IsCode(string? text) => text is { Length: > 0 and <= 64 } && text.All(char.IsAsciiLetterOrDigit);
}
