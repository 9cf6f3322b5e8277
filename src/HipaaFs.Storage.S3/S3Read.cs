using System.Net;
using System.Net.Http.Headers;
using Amazon.S3;

namespace HipaaFs.Storage.S3;

/// <summary>Reads ranges of objects straight into the caller's buffer.</summary>
internal sealed class S3Read
{
    private readonly S3Connection _connection;

    internal S3Read(S3Connection connection) => _connection = connection;

    /// <summary>See <see cref="IObjectStore.ReadAsync"/>. The destination is not empty.</summary>
    internal async ValueTask<StoreResult<int>> ReadAsync(string name, EntityTag version, long offset, Memory<byte> destination, CancellationToken cancel)
    {
        string address = await _connection.SignAsync(HttpVerb.GET, name, headers: null, part: null);
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        request.Headers.Range = new RangeHeaderValue(offset, offset + destination.Length - 1);
        using HttpResponseMessage response = await _connection.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
        if (response.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable)
        {
            // At or past the end, of whichever version there is; a byte before the end tells which.
            if (version.IsAny || offset == 0)
            {
                return 0;
            }

            StoreResult<int> first = await ReadAsync(name, version, 0, new byte[1], cancel);
            return first.Succeeded ? 0 : first;
        }

        if (!response.IsSuccessStatusCode)
        {
            return await S3Reply.FailureAsync(response, _connection.Now, cancel);
        }

        // Compared here and not by If-Match, which compatible servers read in different ways.
        if (!version.Accepts(S3Reply.TagOf(response)))
        {
            return StoreError.VersionChanged;
        }

        int expected = ExpectedLength(response, offset, destination.Length);
        return expected < 0
            ? new StoreFailure(StoreError.Corrupt, "another range than was asked for")
            : await FillAsync(response, destination[..expected], cancel);
    }

    // Bytes that the body must have, -1 when the answer is not to this question.
    private static int ExpectedLength(HttpResponseMessage response, long offset, int wanted)
    {
        long? length = response.Content.Headers.ContentLength;
        if (length is null || length > wanted)
        {
            return -1;
        }

        if (response.StatusCode != HttpStatusCode.PartialContent)
        {
            return offset == 0 ? (int)length : -1; // A server without ranges, and the whole object was wanted.
        }

        ContentRangeHeaderValue? range = response.Content.Headers.ContentRange;
        if (range?.From != offset || range.To is not { } last || last - offset + 1 != length)
        {
            return -1;
        }

        bool endsAtTheObjectsEnd = length == wanted || (range.Length is { } total && last == total - 1);
        return endsAtTheObjectsEnd ? (int)length : -1;
    }

    private static async ValueTask<StoreResult<int>> FillAsync(HttpResponseMessage response, Memory<byte> destination, CancellationToken cancel)
    {
        await using Stream body = await response.Content.ReadAsStreamAsync(cancel);
        int read = await body.ReadAtLeastAsync(destination, destination.Length, throwOnEndOfStream: false, cancel);
        return read == destination.Length ? read : new StoreFailure(StoreError.Unavailable, "body cut short");
    }
}
